/**
 * The snapshot, counters.json: all counters as `{key: {replica id: total}}`, one a line, in the order of the keys; a
 * lower bound stands under the empty name. It is written in slices, each with a checksum that the log keeps.
 */
import { crc32 } from 'node:zlib';
import { encodeParts } from '../../crdt/encode.ts';
import type { GCounter } from '../../crdt/g-counter.ts';
import type { Files } from '../../runtime/files.ts';
import type { NamedCounter } from '../store.ts';
import { PieceReader } from './piece-reader.ts';
import type { Snapshot } from './record.ts';
import { type SnapshotLine, SnapshotLines } from './snapshot-lines.ts';

export const SNAPSHOT_FILE = 'counters.json';
/** Where the next snapshot is written. */
export const SNAPSHOT_TEMPORARY = 'counters.json.tmp';

/** How long slices become: about a millisecond of work each. */
const SLICE_CHARS = 65_536;

/** The text of a snapshot in slices, each of whole lines. */
export function* snapshotSlices(
  counters: Iterable<readonly [key: string, nodes: GCounter]>,
): Generator<string> {
  let slice = '{';
  let separator = '\n';
  for (const [key, nodes] of counters) {
    if (slice.length >= SLICE_CHARS) {
      yield slice;
      slice = '';
    }
    slice += separator + lineOf(key, nodes);
    separator = ',\n';
  }
  yield `${slice}\n}\n`;
}

/** The text of a snapshot of counters that come page by page. Without its end, it is no JSON. */
export async function* snapshotText(
  pages: AsyncIterable<readonly Pick<NamedCounter, 'key' | 'nodes'>[]>,
): AsyncGenerator<string> {
  let start = '{\n';
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield start + page.map(({ key, nodes }) => lineOf(key, nodes)).join(',\n');
    start = ',\n';
  }
  yield start === '{\n' ? '{\n}\n' : '\n}\n';
}

const lineOf = (key: string, nodes: GCounter): string =>
  `  ${JSON.stringify(key)}: ${encodeParts(nodes, ' ')}`;

/**
 * Writes a snapshot under its temporary name and syncs it; renaming it makes it take effect. `pause` is awaited between
 * slices. The file must not exist. Resolves with the length and the checksum of each slice.
 */
export async function writeTemporarySnapshot(
  files: Files,
  slices: Iterable<string>,
  pause: () => Promise<void>,
): Promise<Snapshot['slices']> {
  const file = await files.open(SNAPSHOT_TEMPORARY);
  const written: [bytes: number, crc32: number][] = [];
  try {
    for (const slice of slices) {
      const bytes = Buffer.from(slice);
      await file.append(bytes);
      written.push([bytes.length, crc32(bytes)]);
      await pause();
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return written;
}

/** The length of a snapshot in bytes. */
export const bytesOf = ({ slices }: Snapshot): number => slices.reduce((sum, [bytes]) => sum + bytes, 0);

/** Resolves with the start of the first slice in which a file differs from a snapshot; undefined if it does not differ. */
export async function findCorruption(
  pieces: AsyncIterable<Buffer>,
  { slices }: Snapshot,
): Promise<number | undefined> {
  const input = new PieceReader(pieces);
  for (const [length, checksum] of slices) {
    const bytes = await input.peek(length);
    if (bytes === undefined || crc32(bytes) !== checksum) return input.position;
    input.skip(length);
  }
  return (await input.peek(1)) === undefined ? undefined : input.position;
}

/** The counters of a snapshot that has been checked, slice by slice. */
export async function* readSnapshot(
  pieces: AsyncIterable<Buffer>,
  { slices }: Snapshot,
): AsyncGenerator<SnapshotLine[]> {
  const input = new PieceReader(pieces);
  const lines = new SnapshotLines();
  for (const [length] of slices) {
    yield lines.read((await input.peek(length)) ?? Buffer.alloc(0));
    input.skip(length);
  }
}
