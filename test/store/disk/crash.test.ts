/**
 * A server that dies at random moments, at any operation on its files, with its machine or without, and starts again
 * from what that leaves. Whatever happens: what a client was told, or has read, stays; nothing is counted twice; and
 * what is asked for again under its idempotency key is counted once.
 */
import { expect, test } from 'vitest';
import type { Random } from '../../../src/runtime/random.ts';
import { below, pick, streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { Clients } from '../../support/random-clients.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { type Choose, DiskError, MemoryFiles, everything, nothing } from '../../support/memory-files.ts';

const RUNS = 8;
const ACTIONS = 25;

type Death = (files: MemoryFiles, choose: Choose) => MemoryFiles;

const deaths: Record<string, Death> = {
  'the machine, with some of what was not synced': (files, choose) => files.crash(choose),
  'the machine, with all that was not synced': (files) => files.crash(nothing),
  'the machine, with nothing': (files) => files.crash(everything),
  'the process alone': (files) => files.clone(),
  'the process, and the files were moved': (files) => files.copy(),
};

interface Ending {
  /** Whether the end has come. */
  readonly hasCome: () => boolean;
  /** Brings it about. */
  readonly come: () => void;
}

/** Makes operations take their time. One of them fails, or is the last: it is never done, nor is any that follows. */
function scheduleEnd(files: MemoryFiles, clock: VirtualClock, random: Random): Ending {
  const fatal = 1 + below(random, 60);
  const error =
    random.next() < 0.3 ? new DiskError(pick(random, ['EIO', 'ENOSPC']), below(random, 60)) : undefined;
  let count = 0;
  let isOver = false;
  files.before = async () => {
    await new Promise<void>((resolve) => clock.after(random.next() * 4, resolve));
    if (++count === fatal && error !== undefined) throw error;
    if (count === fatal) isOver = true;
    if (isOver) await new Promise(() => {});
  };
  return { hasCome: () => isOver, come: () => (isOver = true) };
}

/** Runs a store over the files until its end comes. Returns why it could not start, if it should have. */
async function runToEnd(
  files: MemoryFiles,
  clock: VirtualClock,
  random: Random,
  clients: Clients,
): Promise<string[]> {
  const end = scheduleEnd(files, clock, random);
  const pass = (ms: number): Promise<void> => clock.run(new Promise((resolve) => clock.after(ms, resolve)));
  const opened: (SimDiskStore | Error)[] = [];
  void SimDiskStore.open(files, { clock }).then(
    (begun) => opened.push(begun),
    (error: unknown) => opened.push(error instanceof Error ? error : new Error(String(error))),
  );
  while (opened.length === 0 && !end.hasCome()) await pass(1);
  const [sim] = opened;
  if (sim instanceof DiskError || sim === undefined) return [];
  if (sim instanceof Error) return [sim.message];
  clients.read(sim);
  const haste = pick(random, [2, 50, 400]);
  for (let action = 0; action < ACTIONS && !end.hasCome(); action++) {
    clients.act(sim);
    await pass(random.next() * haste);
  }
  if (random.next() < 0.3) void sim.store.close();
  await pass(random.next() * haste);
  clients.read(sim);
  end.come();
  sim.end();
  return [];
}

/** Many runs of one server. Returns what went wrong in them. */
async function story(
  seed: number,
  ends: readonly Death[],
  ballast?: string,
): Promise<{ faults: readonly string[]; acknowledged: number }> {
  const random = streams(seed)('crashes');
  const clock = new VirtualClock();
  const clients = new Clients(streams(seed)('clients'), ballast);
  let files = new MemoryFiles();
  for (let count = 0; count < RUNS; count++) {
    const refusals = await runToEnd(files, clock, random, clients);
    if (refusals.length > 0) return { faults: refusals, acknowledged: 0 };
    files = pick(random, ends)(files, (bound) => below(random, bound));
  }
  const last = await SimDiskStore.begin(files, { clock }).catch((error: unknown) => error);
  if (!(last instanceof SimDiskStore)) return { faults: [String(last)], acknowledged: 0 };
  clients.read(last);
  await clients.settle(last);
  return { faults: clients.faults, acknowledged: clients.acknowledged };
}

test.each([
  ...Object.entries(deaths).map(([name, death]) => [name, [death], 10] as const),
  ['any of these', Object.values(deaths), 40] as const,
])(
  'every acknowledged increment is counted exactly once, however often this ends: %s',
  async (_, ends, seeds) => {
    let acknowledged = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = await story(seed, ends);
      expect(outcome.faults.slice(0, 1).map((fault) => `seed ${seed}: ${fault}`)).toEqual([]);
      acknowledged += outcome.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(20 * seeds);
  },
);

/** With a few changes of a counter with so long a key, the log is cut when the store is closed. */
const BALLAST = 'x'.repeat(200_000);

test('every acknowledged increment is counted exactly once, even when logs become long', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const { faults } = await story(seed, Object.values(deaths), BALLAST);
    expect(faults.slice(0, 1).map((fault) => `seed ${seed}: ${fault}`)).toEqual([]);
  }
});
