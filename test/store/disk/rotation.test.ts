/** A log that has become long, and what goes on while a new segment takes its place. */
import { expect, test } from 'vitest';
import { below, streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { read } from '../../support/data-directory.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { type Choose, MemoryFiles, everything, nothing } from '../../support/memory-files.ts';

/** More than a log has to be long to be cut. */
const LONG = 'x'.repeat(16 * 2 ** 20);

const addLong = (sim: SimDiskStore): Promise<unknown> =>
  sim.run(sim.store.increment([{ key: 'likes', amount: 1 }], { id: 'long', fingerprint: LONG }));

const createdBy = ({ files }: SimDiskStore): string[] =>
  files.operations
    .filter((operation) => /^create .*log$/.test(operation))
    .map((operation) => operation.slice(7));

interface Moment {
  readonly operation: string;
  readonly files: MemoryFiles;
  /** The counters whose increments have been answered by now. */
  readonly answered: readonly string[];
}

/** Cuts a log while ever new counters are incremented, and keeps what the files are before each operation. */
async function cutLog(conflictAfter: string): Promise<{ sim: SimDiskStore; moments: readonly Moment[] }> {
  const clock = new VirtualClock();
  const sim = await SimDiskStore.begin(new MemoryFiles(), { clock, limits: { windowMs: 400 } });
  const moments: Moment[] = [];
  const answered: string[] = [];
  await addLong(sim);
  await sim.run(sim.add('views', 7));
  await sim.pass(300);
  let conflict: Promise<unknown> | undefined;
  sim.files.before = async (operation) => {
    moments.push({ operation, files: sim.files.clone(), answered: [...answered] });
    await new Promise<void>((resolve) => clock.after(1, resolve));
    if (operation.startsWith(conflictAfter)) conflict ??= sim.merge('views', { 'node-1': 100 });
  };
  for (let count = 0; !moments.some(({ operation }) => operation.startsWith('remove')); count++) {
    const key = `key-${count}`;
    void sim.add(key, 1, key).then(() => answered.push(key));
    await sim.pass(count < 3 ? 60 : 1.5);
  }
  await sim.pass(20);
  await conflict;
  sim.end();
  moments.push({ operation: 'the end', files: sim.files.clone(), answered });
  return { sim, moments };
}

test.each([
  ['append counters-000001.log', 0],
  ['create counters-000002.log', 1],
  ['rename', 2],
])(
  'acknowledged increments and idempotency records survive the cutting of the log, with another identity from its %s on',
  async (conflictAfter, phase) => {
    const { sim, moments } = await cutLog(conflictAfter);
    expect(sim.files.names()).toEqual(['counters-000002.log', 'counters.json']);
    expect(await read(sim.files.clone())).toMatchObject({
      suffix: sim.replicaId,
      counted: { 'node-1': { views: 7 } },
      counters: { views: { 'node-1': 100, [sim.replicaId]: 7 } },
    });
    const random = streams(1)(conflictAfter);
    const choices: Choose[] = [nothing, everything, (bound) => below(random, bound)];
    const from = moments.findIndex(({ operation }) => operation.startsWith('create'));
    // Reading a long log takes its time, so each of these tests looks at every third moment, and at the last.
    const some = moments.slice(from).filter((_, at, all) => at % 3 === phase || at === all.length - 1);
    for (const { operation, files, answered } of some) {
      const { counters, idempotencyRecords } = await read(
        files.crash(choices[below(random, choices.length)] ?? nothing),
      );
      const kept = idempotencyRecords
        .map((record) => record.split(' ')[0] ?? '')
        .filter((id) => id !== 'long');
      const lost = answered.filter((key) => !kept.includes(key));
      expect({ operation, lost }).toEqual({ operation, lost: [] });
      const counted = Object.keys(counters).filter((key) => key.startsWith('key-'));
      expect(counted.toSorted()).toEqual(kept.toSorted());
      expect(new Set(counted.flatMap((key) => Object.values(counters[key] ?? {})))).toEqual(new Set([1]));
    }
  },
);

test('a log that has been cut is not cut again before it is long again', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { windowMs: 400 } });
  await addLong(sim);
  for (let second = 0; second < 5; second++) {
    await sim.pass(1000);
    await sim.run(sim.add('likes'));
  }
  expect(createdBy(sim)).toEqual(['counters-000001.log', 'counters-000002.log']);
  expect(sim.store.statistics.logBytes).toBeLessThan(2000);
});

test('a log that is long because of idempotency records is not cut again for every change', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await addLong(sim);
  for (let second = 0; second < 5; second++) {
    await sim.pass(1000);
    await sim.run(sim.add('likes'));
  }
  expect(createdBy(sim).length).toBeLessThanOrEqual(3);
});

test('an idempotency record that is carried over does not replace a later one under the same key', async () => {
  const clock = new VirtualClock();
  const first = await SimDiskStore.begin(new MemoryFiles(), {
    clock,
    limits: { maxIdempotencyRecords: 2000 },
  });
  const increments = Array.from({ length: 1000 }, (_, at) => first.add('views', 1, `id-${at}`));
  await first.run(Promise.all([...increments, first.add('likes', 1, 'again')]));
  await first.pass(59_000);
  // A restart goes on with the ages of the records from the latest.
  await first.run(first.add('views', 1, 'later'));
  const second = await SimDiskStore.begin(first.files.copy(), {
    clock,
    limits: { maxIdempotencyRecords: 2000 },
  });
  let appends = 0;
  let request: Promise<unknown> | undefined;
  second.files.before = async (operation) => {
    // The first append is that of the snapshot's record, the second that of the first thousand idempotency records.
    if (!operation.startsWith('append counters-000002.log') || ++appends !== 2) return;
    await new Promise<void>((resolve) => clock.after(1000, resolve));
    request = second.add('likes', 1, 'again');
    await new Promise<void>((resolve) => clock.after(1, resolve));
  };
  await second.pass(3000);
  expect(await request).toBe(2);
  expect(second.files.names()).toEqual(['counters-000002.log', 'counters.json']);
  const third = await SimDiskStore.begin(second.files.crash(nothing), { clock });
  expect(await third.run(third.add('likes', 1, 'again'))).toBe(2);
});
