import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { EPOCH_MS, SimDiskStore, WINDOW_MS } from '../../support/sim-disk-store.ts';
import { MemoryFiles, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

/** The same server after its machine has lost its power. */
const restarted = ({ files, clock }: SimDiskStore): Promise<SimDiskStore> =>
  SimDiskStore.begin(files.crash(nothing), { clock });

describe('a retry under the same idempotency key', () => {
  test('gets the same answer and is counted once', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    expect(await sim.run(sim.add('likes', 3, 'once'))).toBe(3);
    await sim.run(sim.add('likes', 1));
    const operations = [...sim.files.operations];
    expect(await sim.run(sim.add('likes', 3, 'once'))).toBe(3);
    expect(sim.files.operations).toEqual(operations);
    expect(sim.value('likes')).toBe(4);
  });

  test('gets the same answer after a restart, with and without a snapshot', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3, 'once'));
    await sim.run(sim.add('likes', 1));
    const second = await restarted(sim);
    expect(await second.run(second.add('likes', 3, 'once'))).toBe(3);
    await second.pass(1000);
    expect(second.store.statistics.snapshots).toBe(1);
    const third = await restarted(second);
    expect(await third.run(third.add('likes', 3, 'once'))).toBe(3);
    expect(third.value('likes')).toBe(4);
  });

  test.each([
    ['waits', 0],
    ['is being stored', 1],
  ])('while the first %s gets its answer together with the first', async (_, elapsedMs) => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    const release = sim.files.hold(`append ${LOG}`);
    const answers: unknown[] = [];
    const ask = (): Promise<unknown> => sim.add('likes', 3, 'once').then((answer) => answers.push(answer));
    const requests = [ask()];
    if (elapsedMs > 0) await sim.pass(elapsedMs);
    requests.push(ask(), ask());
    await sim.pass(5);
    expect(answers).toEqual([]);
    release();
    await sim.run(Promise.all(requests));
    expect([answers, sim.value('likes'), sim.batches]).toEqual([[3, 3, 3], 3, [1]]);
  });

  test('with other content is an error, whether the first is committed or not', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    const release = sim.files.hold(`sync ${LOG}`);
    const first = sim.add('likes', 3, 'once');
    const others = [sim.add('likes', 4, 'once'), sim.add('views', 3, 'once')];
    await sim.pass(1);
    others.push(sim.add('likes', 5, 'once'));
    release();
    expect(await sim.run(Promise.all([first, ...others]))).toEqual([
      3,
      ...others.map(() => 'idempotency_key_reused'),
    ]);
    expect(await sim.run(sim.add('views', 3, 'once'))).toBe('idempotency_key_reused');
    const next = await restarted(sim);
    expect(await next.run(next.add('views', 3, 'once'))).toBe('idempotency_key_reused');
    expect([next.value('likes'), next.value('views')]).toEqual([3, 0]);
  });

  test('after the window is another increment', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3, 'once'));
    await sim.pass(WINDOW_MS - 1);
    expect(await sim.run(sim.add('likes', 3, 'once'))).toBe(3);
    await sim.pass(1);
    expect(await sim.run(sim.add('likes', 4, 'once'))).toBe(7);
    expect(await sim.run(sim.add('likes', 4, 'once'))).toBe(7);
    const next = await restarted(sim);
    expect(await next.run(next.add('likes', 4, 'once'))).toBe(7);
  });

  test('of a batch gets the value after each increment, also if counters occur several times in it', async () => {
    const increments = ['a', 'b', 'a', 'c', 'b', 'a'].map((key, at) => ({ key, amount: at + 1 }));
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.store.raiseTo('b', 100));
    const values = await sim.run(sim.addAll(increments, 'batch'));
    expect(values).toEqual([1, 102, 4, 4, 107, 10]);
    expect(await sim.run(sim.addAll(increments, 'batch'))).toEqual(values);
    const next = await restarted(sim);
    expect(await next.run(next.addAll(increments, 'batch'))).toEqual(values);
  });
});

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

describe('whatever the clock of the machine is set to', () => {
  const clocks: Record<string, number> = {
    'eleven minutes ahead': 11 * 60_000,
    'a year ahead': YEAR_MS,
    'a second back': -1000,
    'a year back': -YEAR_MS,
    'to 1970': -EPOCH_MS,
  };

  /** A server whose machine has a clock that can be set. Each start finds it where `setTo` has left it. */
  class Machine {
    readonly clock = new VirtualClock();
    #offsetMs = EPOCH_MS;

    begin(files: MemoryFiles, limits = {}): Promise<SimDiskStore> {
      const wallClockMs = (): number => Math.max(0, this.#offsetMs + Math.floor(this.clock.nowMs()));
      return SimDiskStore.begin(files, { clock: this.clock, wallClockMs, limits });
    }

    /** Sets the clock to so much from the right time. */
    set(byMs: number): void {
      this.#offsetMs = EPOCH_MS + byMs;
    }
  }

  test.each(Object.entries(clocks))(
    'during a run (%s), a retry is counted once within the window and again after it',
    async (_, byMs) => {
      const machine = new Machine();
      const sim = await machine.begin(new MemoryFiles());
      await sim.run(sim.add('likes', 1, 'once'));
      machine.set(byMs);
      await sim.pass(WINDOW_MS - 1);
      expect(await sim.run(sim.add('likes', 1, 'once'))).toBe(1);
      await sim.pass(1);
      expect(await sim.run(sim.add('likes', 1, 'once'))).toBe(2);
    },
  );

  test.each(Object.entries(clocks))(
    'while it is down (%s), a retry is counted once, and again after one more window at the latest',
    async (_, byMs) => {
      const machine = new Machine();
      const sim = await machine.begin(new MemoryFiles());
      await sim.run(sim.add('likes', 1, 'once'));
      machine.set(byMs);
      const next = await machine.begin(sim.files.crash(nothing));
      await next.pass(2000);
      expect(await next.run(next.add('likes', 1, 'once'))).toBe(1);
      await next.pass(WINDOW_MS);
      expect(await next.run(next.add('likes', 1, 'once'))).toBe(2);
    },
  );

  test.each(Object.entries(clocks))(
    'and right again while it is down the next time (%s before), the same holds',
    async (_, byMs) => {
      const machine = new Machine();
      machine.set(byMs);
      const sim = await machine.begin(new MemoryFiles());
      await sim.run(sim.add('likes', 1, 'once'));
      machine.set(0);
      const next = await machine.begin(sim.files.crash(nothing));
      expect(await next.run(next.add('likes', 1, 'once'))).toBe(1);
      await next.run(next.add('likes', 1, 'later'));
      machine.set(YEAR_MS + DAY_MS);
      const last = await machine.begin(next.files.crash(nothing));
      expect(await last.run(last.add('likes', 1, 'later'))).toBe(2);
      await last.pass(WINDOW_MS);
      expect(await last.run(last.add('likes', 1, 'once'))).toBe(3);
      expect(await last.run(last.add('likes', 1, 'later'))).toBe(4);
    },
  );

  test('keys from the time when it was a year ahead keep no others out for longer than a window', async () => {
    const machine = new Machine();
    machine.set(YEAR_MS);
    const limits = { maxIdempotencyRecords: 3 };
    const sim = await machine.begin(new MemoryFiles(), limits);
    await sim.run(Promise.all(['a', 'b', 'c'].map((id) => sim.add('likes', 1, id))));
    machine.set(0);
    const next = await machine.begin(sim.files.crash(nothing), limits);
    expect(await next.run(next.add('likes', 1, 'd'))).toBe('too_many_idempotency_keys');
    await next.pass(WINDOW_MS);
    expect(await next.run(next.add('likes', 1, 'd'))).toBe(4);
  });

  test('the time that a server has run before it was stopped counts, and that in which it was down does not', async () => {
    const machine = new Machine();
    const sim = await machine.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 1, 'once'));
    await sim.pass(WINDOW_MS - 1000);
    await sim.run(sim.store.close());
    machine.set(DAY_MS);
    const next = await machine.begin(sim.files);
    await next.pass(999);
    expect(await next.run(next.add('likes', 1, 'once'))).toBe(1);
    await next.pass(1);
    expect(await next.run(next.add('likes', 1, 'once'))).toBe(2);
  });
});

test('a refused request leaves no idempotency record', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxCounters: 1 } });
  expect(
    await sim.run(
      sim.addAll(
        [
          { key: 'a', amount: 1 },
          { key: 'b', amount: 1 },
        ],
        'id',
      ),
    ),
  ).toBe('too_many_counters');
  expect(await sim.run(sim.add('a', 1, 'id'))).toBe(1);
});

test('an increment and its idempotency record are on the disk together or not at all', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  const release = sim.files.hold(`sync ${LOG}`);
  const request = sim.add('likes', 3, 'once');
  await sim.pass(1);
  for (let kept = 0; kept < 150; kept++) {
    const next = await SimDiskStore.begin(
      sim.files.crash((bound) => Math.min(kept, bound - 1)),
      { clock: sim.clock },
    );
    expect(await next.run(next.add('likes', 3, 'once'))).toBe(3);
    expect(next.value('likes')).toBe(3);
  }
  release();
  await sim.run(request);
});

describe('idempotency records', () => {
  const limits = { maxIdempotencyRecords: 2 };

  test('are never more than the limit, including those on their way to the disk', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    const release = sim.files.hold(`sync ${LOG}`);
    const first = sim.add('likes', 1, 'a');
    await sim.pass(1);
    const rest = [sim.add('likes', 1, 'b'), sim.add('likes', 1, 'c'), sim.add('likes', 1)];
    release();
    expect(await sim.run(Promise.all([first, ...rest]))).toEqual([1, 2, 'too_many_idempotency_keys', 3]);
    expect(await sim.run(sim.add('likes', 1, 'c'))).toBe('too_many_idempotency_keys');
    expect(await sim.run(sim.add('likes', 1, 'a'))).toBe(1);
    expect(sim.value('likes')).toBe(3);
  });

  test('make room when their window has passed', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    await sim.run(sim.add('likes', 1, 'a'));
    await sim.pass(10);
    await sim.run(sim.add('likes', 1, 'b'));
    await sim.pass(WINDOW_MS - 10);
    expect(await sim.run(Promise.all([sim.add('likes', 1, 'c'), sim.add('likes', 1, 'd')]))).toEqual([
      3,
      'too_many_idempotency_keys',
    ]);
    expect(sim.store.statistics.idempotencyRecords).toBe(2);
  });

  test('are forgotten oldest first, even after a restart and if a key was used again', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    await sim.run(sim.add('likes', 1, 'a'));
    await sim.pass(10);
    await sim.run(sim.add('likes', 1, 'b'));
    await sim.pass(WINDOW_MS - 10);
    expect(await sim.run(sim.add('likes', 1, 'a'))).toBe(3);
    const next = await SimDiskStore.begin(sim.files.crash(nothing), { clock: sim.clock, limits });
    await next.pass(10);
    expect(await next.run(next.add('likes', 1, 'c'))).toBe(4);
    expect(await next.run(next.add('likes', 1, 'a'))).toBe(3);
  });

  test('are all there after a restart', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    await sim.run(Promise.all([sim.add('likes', 1, 'a'), sim.add('likes', 1, 'b')]));
    const next = await SimDiskStore.begin(sim.files.crash(nothing), { clock: sim.clock, limits });
    expect(await next.run(next.add('likes', 1, 'c'))).toBe('too_many_idempotency_keys');
    expect(await next.run(next.add('likes', 1, 'b'))).toBe(2);
  });
});
