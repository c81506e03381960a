import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import type { GCounter } from '../../../src/crdt/g-counter.ts';
import type { Snapshot } from '../../../src/store/disk/record.ts';
import {
  SNAPSHOT_TEMPORARY,
  bytesOf,
  findCorruption,
  readSnapshot,
  snapshotSlices,
  writeTemporarySnapshot,
} from '../../../src/store/disk/snapshot.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

type Contents = readonly (readonly [key: string, nodes: GCounter])[];

const pause = (): Promise<void> => Promise.resolve();

async function write(contents: Contents): Promise<{ bytes: Buffer; snapshot: Snapshot }> {
  const files = new MemoryFiles();
  const slices = await writeTemporarySnapshot(files, snapshotSlices(contents), pause);
  const snapshot = { logFrom: 1, slices };
  return { bytes: files.bytes(SNAPSHOT_TEMPORARY), snapshot };
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1009) yield bytes.subarray(at, at + 1009);
}

async function read(bytes: Buffer, snapshot: Snapshot): Promise<Contents> {
  const contents: (readonly [string, GCounter])[] = [];
  for await (const lines of readSnapshot(inPieces(bytes), snapshot)) {
    for (const line of lines) {
      contents.push([line.key, 'parts' in line ? line.parts : new Map([[line.name, line.total]])]);
    }
  }
  return contents;
}

/** More than one slice, with letters that take several bytes. */
const long: Contents = Array.from({ length: 3000 }, (_, at) => [
  `zähler-${at}-${'鍵'.repeat(20)}`,
  new Map([
    ['node-1', at + 1],
    ['ß', 2 ** 53 - 1],
  ]),
]);

test('a snapshot is a readable table', async () => {
  const { bytes } = await write([
    [
      'likes',
      new Map([
        ['node-1', 1],
        ['node-2', 2],
      ]),
    ],
    ['vi"ews', new Map([['node-1', 3]])],
  ]);
  expect(bytes.toString()).toBe(
    '{\n  "likes": {"node-1": 1, "node-2": 2},\n  "vi\\"ews": {"node-1": 3}\n}\n',
  );
});

test('reading a snapshot reverses writing it', async () => {
  const letter = fc.constantFrom('a', 'é', '鍵', ',', '"', '{', '\\', '\n', '\0', '\uD800');
  const text = fc.oneof(fc.string({ unit: letter, maxLength: 5 }), fc.constant('__proto__'));
  const total = fc.oneof(fc.maxSafeNat(), fc.nat(9), fc.constant(999_999_999_999_999));
  const nodes = fc.oneof(
    fc.array(fc.tuple(text, total), { maxLength: 3 }).map((entries) => new Map(entries)),
    // Lines like the one before are read in another way.
    fc.tuple(fc.constantFrom('node-1', 'é"'), total).map((entry) => new Map([entry])),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(text, nodes), { selector: ([key]) => key }),
      async (contents) => {
        const { bytes, snapshot } = await write(contents);
        expect(new Map(await read(bytes, snapshot))).toEqual(new Map(contents));
        expect(parseJson(bytes.toString())).toBeTypeOf('object');
      },
    ),
  );
});

test('a long snapshot has several slices and is still one JSON text', async () => {
  const { bytes, snapshot } = await write(long);
  expect(snapshot.slices.length).toBeGreaterThan(2);
  expect(bytesOf(snapshot)).toBe(bytes.length);
  expect(await read(bytes, snapshot)).toEqual(long);
  expect(Object.keys(Object(parseJson(bytes.toString())))).toEqual(long.map(([key]) => key));
});

test('a snapshot without counters is valid', async () => {
  const { bytes, snapshot } = await write([]);
  expect(await read(bytes, snapshot)).toEqual([]);
  expect(parseJson(bytes.toString())).toEqual({});
});

test('corruption is found in the slice that it is in', async () => {
  const { bytes, snapshot } = await write(long);
  const starts: number[] = [];
  let end = 0;
  for (const [length] of snapshot.slices) {
    starts.push(end);
    end += length;
  }
  expect(await findCorruption(inPieces(bytes), snapshot)).toBeUndefined();
  for (let at = 0; at < bytes.length; at += 5003) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x20, at);
    expect(await findCorruption(inPieces(changed), snapshot)).toBe(starts.findLast((start) => start <= at));
  }
});

test('a snapshot that is too long or too short is corrupt', async () => {
  const { bytes, snapshot } = await write(long);
  expect(await findCorruption(inPieces(Buffer.concat([bytes, Buffer.from('\n')])), snapshot)).toBe(
    bytes.length,
  );
  expect(await findCorruption(inPieces(bytes.subarray(0, -1)), snapshot)).toBeDefined();
  expect(await findCorruption(inPieces(Buffer.alloc(0)), snapshot)).toBe(0);
});
