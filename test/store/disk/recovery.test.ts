import { beforeAll, describe, expect, test } from 'vitest';
import {
  NEWEST,
  OLDER,
  SNAPSHOT,
  type DirectoryContent,
  fullDirectory,
  lastRecordBytes,
  look,
  read,
} from '../../support/data-directory.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

let full = new MemoryFiles();
let before: DirectoryContent | undefined;
let after: DirectoryContent | undefined;

beforeAll(async () => {
  ({ files: full, before, after } = await fullDirectory());
});

/** The full directory with the newest segment cut to a length, and zeros in place of some of the rest. */
function cut(length: number, zeros = 0): MemoryFiles {
  const files = full.clone();
  files.put(NEWEST, Buffer.concat([files.bytes(NEWEST).subarray(0, length), Buffer.alloc(zeros)]));
  return files;
}

test('a directory keeps what was stored in it, by counter and replica id', () => {
  expect(full.names()).toEqual([OLDER, NEWEST, SNAPSHOT]);
  const { suffix: present = '', counted = {} } = after ?? {};
  const [earlier = ''] = Object.keys(counted);
  expect(after).toEqual({
    counters: {
      likes: { 'node-1': 4, [earlier]: 100, [present]: 6, 'node-2': 7 },
      views: { 'node-1': 2 },
      ß: { [earlier]: 1 },
    },
    idempotencyRecords: [
      'once [{"key":"views","amount":2}] 2',
      expect.stringMatching(/^twice .* 16 1$/),
      expect.stringMatching(/^last .* 117$/),
    ],
    suffix: expect.stringMatching(/^node-1~[a-z][0-9a-z]{5}$/),
    counted: { [earlier]: { likes: 5, ß: 1 } },
  });
});

test('recovering an intact directory changes nothing and warns of nothing', async () => {
  const files = full.clone();
  expect(await look(files)).toEqual({ content: after, warnings: [] });
  expect(files.contents()).toEqual(full.contents());
});

test('an append that was cut short at any byte, or ends in zeros, is undone', async () => {
  const length = full.bytes(NEWEST).length;
  const start = length - lastRecordBytes(full, NEWEST);
  for (let at = start + 1; at < length; at++) {
    for (const zeros of [0, length - at, length - at + 4096]) {
      const files = cut(at, zeros);
      const warning = `${NEWEST}: cut off at byte ${start} of ${at + zeros}; what followed is an append that a crash interrupted before it was acknowledged`;
      expect(await look(files)).toEqual({ content: before, warnings: [warning] });
      expect(files.contents()).toEqual(cut(start).contents());
    }
  }
  expect(await look(cut(start))).toEqual({ content: before, warnings: [] });
});

test('zeros after the last record are cut off', async () => {
  const files = cut(full.bytes(NEWEST).length, 100);
  expect(await look(files)).toMatchObject({ content: after, warnings: [expect.stringContaining('cut off')] });
  expect(files.contents()).toEqual(full.contents());
});

test('what is appended after that follows the last complete record', async () => {
  const sim = await SimDiskStore.begin(cut(full.bytes(NEWEST).length - 1));
  expect(await sim.run(sim.add('likes', 10))).toBe(126);
  expect(await read(sim.files.clone())).toMatchObject({ counters: { likes: { [after?.suffix ?? '']: 15 } } });
});

test('a record that is cut short in an older segment is corruption', async () => {
  const files = full.clone();
  const bytes = files.bytes(OLDER);
  files.put(OLDER, bytes.subarray(0, -1));
  const start = bytes.length - lastRecordBytes(full, OLDER);
  expect(await look(files)).toMatchObject({
    message: expect.stringMatching(`^${OLDER} is corrupt at byte ${start}: its last record is incomplete`),
  });
});

describe('what an interrupted start leaves behind', () => {
  test('counts as nothing if it is all there is', async () => {
    const fresh = new MemoryFiles();
    await SimDiskStore.begin(fresh);
    const head = fresh.bytes(OLDER);
    for (let at = 0; at < head.length; at++) {
      const files = new MemoryFiles();
      files.put(OLDER, head.subarray(0, at));
      expect(await look(files)).toMatchObject({ content: { counters: {}, suffix: 'node-1' } });
      expect(await look(files)).toMatchObject({ content: { counters: {} }, warnings: [] });
    }
  });

  test('is removed if a segment follows', async () => {
    const head = full.bytes(NEWEST).subarray(0, 40);
    for (let at = 0; at < head.length; at++) {
      const files = full.clone();
      files.put('counters-000003.log', head.subarray(0, at));
      expect(await look(files)).toEqual({ content: after, warnings: [] });
      expect(files.contents()).toEqual(full.contents());
    }
  });

  test('is corruption if a snapshot shows that there was more', async () => {
    const files = new MemoryFiles();
    files.put(SNAPSHOT, full.bytes(SNAPSHOT));
    files.put(OLDER, full.bytes(OLDER).subarray(0, 20));
    const contents = files.contents();
    expect(await look(files)).toMatchObject({
      message: expect.stringContaining(`${OLDER} is corrupt at byte 0`),
    });
    expect(files.contents()).toEqual(contents);
  });
});

test('an unfinished snapshot is removed, whatever it contains', async () => {
  const files = full.clone();
  files.put('counters.json.tmp', Buffer.from('{\n  "likes": {"node-1": 1'));
  expect(await look(files)).toEqual({ content: after, warnings: [] });
  expect(files.contents()).toEqual(full.contents());
});

test('other files are left alone', async () => {
  const files = full.clone();
  for (const name of [
    'lost+found',
    'counters-1.log',
    'counters-000000.log',
    'counters-0000009.log',
    'counters.json.bak',
  ]) {
    files.put(name, Buffer.from('x'));
  }
  const contents = files.contents();
  expect(await look(files)).toEqual({ content: after, warnings: [] });
  expect(files.contents()).toEqual(contents);
});

describe('the node id', () => {
  test('is that of the first start, or node-1', async () => {
    expect(await look(new MemoryFiles())).toMatchObject({ content: { suffix: 'node-1' } });
    const files = new MemoryFiles();
    expect(await look(files, 'n7')).toMatchObject({ content: { suffix: 'n7' } });
    expect(await look(files)).toMatchObject({ content: { suffix: 'n7' } });
    expect(await look(files, 'n7')).toMatchObject({ content: { suffix: 'n7' } });
  });

  test('of another node is an error, and nothing is changed', async () => {
    const files = cut(full.bytes(NEWEST).length - 1);
    files.put('counters.json.tmp', Buffer.from('{'));
    const contents = files.contents();
    expect(await look(files, 'node-2')).toMatchObject({
      message: expect.stringContaining("that of node 'node-1', not of 'node-2'"),
    });
    expect(files.contents()).toEqual(contents);
  });
});

describe('a directory that was copied', () => {
  /** What `look` draws. */
  const drawn = 'node-1~a00000';

  test('continues under a random replica id, once', async () => {
    const copy = full.copy();
    const found = await look(copy);
    expect(found).toMatchObject({
      content: { counters: after?.counters, suffix: drawn, counted: {} },
      warnings: [expect.stringContaining(`continuing as ${drawn}`)],
    });
    expect(await look(copy)).toMatchObject({ content: { suffix: drawn }, warnings: [] });
  });

  test('leaves the totals of the original as they are', async () => {
    const sim = await SimDiskStore.begin(full.copy());
    await sim.run(sim.add('likes', 1));
    expect(sim.nodes('likes')).toEqual({ ...after?.counters['likes'], [sim.replicaId]: 1 });
  });

  test('gives retries the answers of the original', async () => {
    const sim = await SimDiskStore.begin(full.copy());
    expect(await sim.run(sim.add('likes', 1, 'last'))).toBe(117);
    expect(sim.nodes('likes')).toEqual(after?.counters['likes']);
  });

  test('is a copy even if its last append was cut short', async () => {
    const copy = cut(full.bytes(NEWEST).length - 1).copy();
    expect(await look(copy)).toMatchObject({
      content: { counters: before?.counters, suffix: drawn },
    });
  });
});
