/** Directories that the version before has written open, and are exact: as they are, and as copies. */
import { describe, expect, test } from 'vitest';
import { nodesOf } from '../../../src/crdt/counter-state.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { type FixtureName, copyOf, expectedOf, originalOf } from '../../support/directory-7c94479.ts';
import type { MemoryFiles } from '../../support/memory-files.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';

const names: readonly FixtureName[] = ['lone', 'member'];
const ways = { original: originalOf, copy: copyOf };
const cases = names.flatMap((name) => Object.entries(ways).map(([way, open]) => [name, way, open] as const));

const begin = (files: MemoryFiles, timeMs: number): Promise<SimDiskStore> => {
  const clock = new VirtualClock();
  return SimDiskStore.begin(files, { clock, wallClockMs: () => timeMs + Math.floor(clock.nowMs()) });
};

const shown = ({ store }: SimDiskStore): unknown[] =>
  [...store.counters.list('')].map((counter) => ({
    key: counter.key,
    value: counter.value,
    nodes: nodesOf(store.identity, counter),
    lowerBound: counter.lowerBound,
  }));

describe.each(cases)('the directory of 7c94479 %s, as its %s,', (name, way, open) => {
  const { timeMs, counters, retries } = expectedOf(name);
  const sorted = counters.toSorted((a, b) => (a.key < b.key ? -1 : 1));

  test('has every counter with each of its totals', async () => {
    const sim = await begin(open(name), timeMs);
    expect(shown(sim)).toEqual(sorted);
    const warning = expect.stringContaining('is a copy or was restored from one');
    expect(sim.warnings).toEqual(way === 'copy' ? [warning] : []);
  });

  test('gives every retry the answer that it had', async () => {
    const sim = await begin(open(name), timeMs);
    for (const { increments, idempotency, values } of retries) {
      expect(await sim.run(sim.store.increment(increments, idempotency))).toMatchObject({ values });
    }
    expect(shown(sim)).toEqual(sorted);
  });

  test('is the same after it has been written anew', async () => {
    const sim = await begin(open(name), timeMs);
    await sim.pass(2000);
    await sim.run(sim.add('one more', 7));
    await sim.run(sim.store.close());
    const next = await begin(sim.files, timeMs);
    expect(next.value('one more')).toBe(7);
    expect(shown(next).filter((counter) => !Object.values(Object(counter)).includes('one more'))).toEqual(
      sorted,
    );
    for (const { increments, idempotency, values } of retries) {
      expect(await next.run(next.store.increment(increments, idempotency))).toMatchObject({ values });
    }
  });

  test(`counts on ${way === 'copy' ? 'apart from the totals of its original' : 'under its replica id'}`, async () => {
    const sim = await begin(open(name), timeMs);
    const before = sim.nodes('likes');
    await sim.run(sim.add('likes', 1000));
    const after = Object.entries(sim.nodes('likes')).filter(([node, total]) => before[node] !== total);
    expect(after).toHaveLength(1);
    expect(before[after[0]?.[0] ?? ''] === undefined).toBe(way === 'copy');
  });
});
