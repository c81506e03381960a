/** Files that are not as they were written: the answer is right, or there is none and a person can look. */
import { beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import {
  NEWEST,
  OLDER,
  SNAPSHOT,
  type DirectoryContent,
  fullDirectory,
  look,
} from '../../support/data-directory.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

let full = new MemoryFiles();
let after: DirectoryContent | undefined;

beforeAll(async () => {
  ({ files: full, after } = await fullDirectory());
});

/** What is wrong with the look at a directory: neither right nor a refusal that leaves everything as it is. */
async function faults(files: MemoryFiles, refusal: RegExp): Promise<string[]> {
  const contents = JSON.stringify(files.contents());
  const found = await look(files);
  if (!(found instanceof Error)) {
    return JSON.stringify(found.content) === JSON.stringify(after)
      ? []
      : [`it says ${JSON.stringify(found.content)}`];
  }
  if (!refusal.test(found.message)) return [`it is refused with ${found.message}`];
  return JSON.stringify(files.contents()) === contents ? [] : ['it is refused and changed'];
}

test.each([OLDER, NEWEST, SNAPSHOT, 'counters.json.tmp', 'counters-000003.log'])(
  'a flipped bit in %s never leads to a wrong value',
  async (name) => {
    const whole = full.clone();
    whole.put('counters.json.tmp', Buffer.from('{\n  "likes": {"node-1": 1'));
    whole.put('counters-000003.log', full.bytes(NEWEST).subarray(0, 26));
    const found: string[] = [];
    for (let bit = 0; bit < 8 * whole.bytes(name).length; bit++) {
      const files = whole.clone();
      files.flip(name, bit);
      const refusal = new RegExp(`^${name} is corrupt at byte \\d+: .* Nothing has been changed\\.`);
      found.push(...(await faults(files, refusal)).map((fault) => `bit ${bit}: ${fault}`));
    }
    expect(found).toEqual([]);
  },
);

test('the byte in the error is at the corruption or shortly before it', async () => {
  for (const name of [OLDER, NEWEST]) {
    const longest = Math.max(
      ...full
        .bytes(name)
        .toString('latin1')
        .split('\n')
        .map(({ length }) => length + 1),
    );
    for (let at = 0; at < full.bytes(name).length; at += 7) {
      const files = full.clone();
      files.flip(name, 8 * at);
      const found = await look(files);
      const byte = Number(/at byte (\d+)/.exec(found instanceof Error ? found.message : '')?.[1]);
      expect(byte).toBeLessThanOrEqual(at);
      expect(byte).toBeGreaterThan(at - longest);
    }
  }
});

/** The directory of a server that has written a snapshot and removed what came before. */
async function afterRemoval(): Promise<MemoryFiles> {
  const sim = await SimDiskStore.begin(full.clone());
  await sim.pass(1000);
  await sim.run(sim.add('likes', 1));
  sim.end();
  return sim.files;
}

const missing = (name: string): RegExp =>
  new RegExp(`${name}.* missing from the data directory\\. Nothing has been changed`);

const anyRefusal =
  /^counters.*Nothing has been changed|missing from the data directory\. Nothing has been changed/;

describe('a directory is rejected if a file is missing:', () => {
  test('the snapshot, when the log does not begin with the first segment', async () => {
    const files = await afterRemoval();
    expect(files.names()).toEqual([NEWEST, SNAPSHOT]);
    files.delete(SNAPSHOT);
    expect(await look(files)).toMatchObject({ message: expect.stringMatching(missing(SNAPSHOT)) });
  });

  test('the log', async () => {
    const files = await afterRemoval();
    files.delete(NEWEST);
    expect(await look(files)).toMatchObject({ message: expect.stringMatching(missing(SNAPSHOT)) });
  });

  test('a segment between two others', async () => {
    const files = full.clone();
    files.put('counters-000003.log', files.bytes(NEWEST));
    files.delete(NEWEST);
    expect(await look(files)).toMatchObject({ message: expect.stringMatching(missing(NEWEST)) });
  });

  test('an older segment that the snapshot does not include yet', async () => {
    const files = full.clone();
    files.delete(OLDER);
    expect(await faults(files, anyRefusal)).toEqual([]);
  });

  test('the newest segment', async () => {
    const files = full.clone();
    files.delete(NEWEST);
    expect(await faults(files, anyRefusal)).toEqual([]);
  });

  test('but not if it is a snapshot all of which is in the log', async () => {
    const files = full.clone();
    files.delete(SNAPSHOT);
    expect(await look(files)).toEqual({ content: after, warnings: [] });
  });
});

test('a segment under another number is rejected', async () => {
  const files = await afterRemoval();
  files.put(OLDER, files.bytes(NEWEST));
  files.delete(NEWEST);
  const refusal = { message: expect.stringMatching(`^${OLDER} is corrupt at byte 0: `) };
  expect(await look(files)).toMatchObject(refusal);
});

test('files under the names of other files are rejected', async () => {
  const files = full.clone();
  const [older, newest] = [files.bytes(OLDER), files.bytes(NEWEST)];
  files.put(OLDER, newest);
  files.put(NEWEST, older);
  expect(await faults(files, anyRefusal)).toEqual([]);
});

test('a snapshot from another moment is rejected', async () => {
  const sim = await SimDiskStore.begin(full.clone());
  const old = sim.files.bytes(SNAPSHOT);
  await sim.pass(1000);
  await sim.run(sim.add('likes', 1));
  await sim.pass(1000);
  await sim.run(sim.add('likes', 1));
  await sim.pass(1000);
  sim.files.put(SNAPSHOT, old);
  expect(await look(sim.files.clone())).toMatchObject({
    message: expect.stringMatching(/^counters\.json is corrupt/),
  });
});

test('the content of a snapshot can be merged into a new server with another node id', async () => {
  const files = await afterRemoval();
  const snapshot: unknown = parseJson(files.bytes(SNAPSHOT).toString());
  const sim = await SimDiskStore.begin(new MemoryFiles(), { nodeId: 'node-9' });
  for (const [key, nodes] of Object.entries(Object(snapshot))) await sim.run(sim.merge(key, Object(nodes)));
  await sim.run(sim.add('likes', 1));
  expect(sim.nodes('likes')).toEqual({ ...after?.counters['likes'], 'node-9': 1 });
  expect(sim.nodes('views')).toEqual(after?.counters['views']);
});
