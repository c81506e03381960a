import { randomSuffix, replicaIdOf } from '../../src/crdt/replica-id.ts';
import { unpackIntegers } from '../../src/store/packed-integers.ts';
import { type Recovered, recover } from '../../src/store/disk/recovery.ts';
import { nodesOf } from '../../src/crdt/counter-state.ts';
import { EPOCH_MS, SimDiskStore } from './sim-disk-store.ts';
import { MemoryFiles } from './memory-files.ts';

/** All that a data directory contains. */
export interface DirectoryContent {
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly idempotencyRecords: readonly string[];
  readonly suffix: string;
  readonly counted: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const contentOf = ({ counters, idempotencyRecords, log: { identity } }: Recovered): DirectoryContent => ({
  counters: Object.fromEntries(
    [...counters.list('')].map((counter) => [counter.key, Object.fromEntries(nodesOf(identity, counter))]),
  ),
  idempotencyRecords: [...idempotencyRecords.fresh(0)].map(
    ([id, { fingerprint, values }]) => `${id} ${fingerprint} ${unpackIntegers(values).join(' ')}`,
  ),
  suffix: replicaIdOf(identity.nodeId, identity.suffix),
  counted: Object.fromEntries([...identity.counted].map(([name, ours]) => [name, Object.fromEntries(ours)])),
});

/** Recovers a directory. Resolves with its content and the warnings, or with the error that says why it is not used. */
export async function look(
  files: MemoryFiles,
  nodeId?: string,
): Promise<{ content: DirectoryContent; warnings: string[] } | Error> {
  const warnings: string[] = [];
  const pause = (): Promise<void> => Promise.resolve();
  try {
    const recovered = await recover(files, {
      nodeId,
      limits: { windowMs: Infinity, maxIdempotencyRecords: 1000 },
      wallClockMs: EPOCH_MS,
      newSuffix: () => randomSuffix(0),
      warn: (text) => warnings.push(text),
      pause,
    });
    return { content: contentOf(recovered), warnings };
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** The content of a directory. */
export async function read(files: MemoryFiles): Promise<DirectoryContent> {
  const found = await look(files);
  if (found instanceof Error) throw found;
  return found.content;
}

/**
 * A directory with all there can be: a snapshot, two segments of which it has only the beginning, totals of others,
 * answers, and a random suffix with what was counted under the one before, which was random too. The last record of each segment is one
 * increment of `likes` by 1.
 */
export async function fullDirectory(): Promise<{
  files: MemoryFiles;
  before: DirectoryContent;
  after: DirectoryContent;
}> {
  const first = await SimDiskStore.begin(new MemoryFiles());
  await first.run(Promise.all([first.add('likes', 3), first.add('views', 2, 'once')]));
  await first.pass(1000);
  await first.run(first.merge('likes', { 'node-2': 7 }));
  await first.run(first.add('likes', 1));
  const second = await SimDiskStore.begin(first.files.copy());
  await second.run(
    second.addAll(
      [
        { key: 'likes', amount: 5 },
        { key: 'ß', amount: 1 },
      ],
      'twice',
    ),
  );
  await second.run(second.merge('likes', { [second.replicaId]: 100 }));
  const before = await read(second.files.clone());
  await second.run(second.add('likes', 1, 'last'));
  const after = await read(second.files.clone());
  first.end();
  second.end();
  return { files: second.files, before, after };
}

export const SNAPSHOT = 'counters.json';
export const OLDER = 'counters-000001.log';
export const NEWEST = 'counters-000002.log';

/** The length of the last record in a segment. */
export const lastRecordBytes = (files: MemoryFiles, name: string): number => {
  const text = files.bytes(name).toString('latin1');
  return text.length - (text.lastIndexOf('\n', text.length - 2) + 1);
};
