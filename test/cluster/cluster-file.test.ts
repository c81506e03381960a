/** What a server remembers of its cluster, over restarts and crashes. */
import { expect, test } from 'vitest';
import type { Remembered } from '../../src/cluster/cluster.ts';
import { ClusterFile } from '../../src/cluster/cluster-file.ts';
import { DiskError, MemoryFiles, everything, nothing } from '../support/memory-files.ts';

const remembered: Remembered = {
  peers: ['10.0.0.1:8080', 'b:8080'],
  removals: new Map([
    ['node-2', { version: 7, removed: true }],
    ['__proto__', { version: 1, removed: false }],
  ]),
};
const nobody: Remembered = { peers: [], removals: new Map() };

interface Kept {
  readonly file: ClusterFile;
  readonly errors: unknown[];
}

function keptIn(files: MemoryFiles): Kept {
  const errors: unknown[] = [];
  return { file: new ClusterFile(files, (error) => errors.push(error)), errors };
}

async function write(files: MemoryFiles, ...memories: Remembered[]): Promise<void> {
  const { file } = keptIn(files);
  for (const each of memories) void file.write(each);
  await file.close();
}

test('what was written is read again, also after a crash', async () => {
  const files = new MemoryFiles();
  expect(await keptIn(files).file.read()).toEqual(nobody);
  await write(files, remembered);
  for (const crash of [nothing, everything]) {
    expect(await keptIn(files.crash(crash)).file.read()).toEqual(remembered);
  }
});

test('of several changes in a row the last is written', async () => {
  const files = new MemoryFiles();
  await write(files, remembered, nobody, remembered, { ...remembered, peers: [] });
  expect(await keptIn(files).file.read()).toEqual({ ...remembered, peers: [] });
});

test('a write has ended when no crash can undo it, also while another is under way', async () => {
  const files = new MemoryFiles();
  const { file } = keptIn(files);
  void file.write(nobody);
  await Promise.resolve();
  await file.write(remembered);
  expect(await keptIn(files.crash(nothing)).file.read()).toEqual(remembered);
});

test('a write that fails is rejected and reported, and the change that came meanwhile is written', async () => {
  const files = new MemoryFiles();
  const { file, errors } = keptIn(files);
  const error = new DiskError('ENOSPC');
  files.fail('sync', error);
  const failed = file.write(nobody);
  await Promise.resolve();
  const written = file.write(remembered);
  await expect(failed).rejects.toBe(error);
  await written;
  expect(errors).toHaveLength(1);
  expect(await keptIn(files).file.read()).toEqual(remembered);
});

test('a crash at any moment leaves the old or the new', async () => {
  const before = new MemoryFiles();
  await write(before, nobody);
  const count = before.operations.length;
  for (let at = 0; at < count; at++) {
    const files = before.crash(nothing);
    let done = 0;
    files.before = () => (done++ === at ? new Promise(() => {}) : Promise.resolve());
    void keptIn(files).file.write(remembered);
    await new Promise((resolve) => setImmediate(resolve));
    for (const crash of [nothing, everything]) {
      expect([nobody, remembered]).toContainEqual(await keptIn(files.crash(crash)).file.read());
    }
  }
});

test.each(['', '{', '[]', '{"peers":{}}', '{"peers":[],"decisions":{"a":{"version":-1,"removed":true}}}'])(
  'a file with %j in it is as good as none, and that is said',
  async (text) => {
    const files = new MemoryFiles();
    const file = await files.open('cluster.json');
    await file.append(Buffer.from(text));
    const { file: kept, errors } = keptIn(files);
    expect(await kept.read()).toEqual(nobody);
    expect(errors).toHaveLength(1);
  },
);

test('an entry that is not an address is left out', async () => {
  const files = new MemoryFiles();
  const file = await files.open('cluster.json');
  await file.append(Buffer.from('{"peers":["a:1","http://b/",7],"decisions":{}}'));
  expect(await keptIn(files).file.read()).toEqual({ peers: ['a:1'], removals: new Map() });
});

test('an editor may have put a byte-order mark before it', async () => {
  const files = new MemoryFiles();
  const file = await files.open('cluster.json');
  await file.append(Buffer.from('\ufeff{"peers":["b:8080"],"decisions":{}}'));
  expect(await keptIn(files).file.read()).toEqual({ peers: ['b:8080'], removals: new Map() });
});
