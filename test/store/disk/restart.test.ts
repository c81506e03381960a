/**
 * Processes that die in quick succession, and then the machine. What a process finds when it starts may be in the
 * memory of the machine alone; before anybody hears of it, it has to be on the disk.
 */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { look } from '../../support/data-directory.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { MemoryFiles, type Choose, everything, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

test('an increment that a start finds is synced before it is visible', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  sim.files.hold(`sync ${LOG}`);
  void sim.add('likes', 1, 'once');
  await sim.pass(1);
  const next = await SimDiskStore.begin(sim.files.clone(), { clock: sim.clock });
  expect(next.value('likes')).toBe(1);
  expect((await SimDiskStore.begin(next.files.crash(nothing))).value('likes')).toBe(1);
});

test('an idempotency record that a start finds is synced before a retry gets its answer', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  sim.files.hold(`sync ${LOG}`);
  void sim.add('likes', 1, 'once');
  await sim.pass(1);
  const next = await SimDiskStore.begin(sim.files.clone(), { clock: sim.clock });
  expect(await next.run(next.add('likes', 1, 'once'))).toBe(1);
  expect((await SimDiskStore.begin(next.files.crash(nothing))).value('likes')).toBe(1);
});

test('the name of a segment that a start finds is synced before the segment is appended to', async () => {
  const first = new MemoryFiles();
  first.hold('syncDirectory');
  await tryToOpen(first);
  expect(first.operations).toContain(`sync ${LOG}`);
  const next = await SimDiskStore.begin(first.clone());
  expect(await next.run(next.add('likes', 1))).toBe(1);
  expect((await SimDiskStore.begin(next.files.crash(nothing))).value('likes')).toBe(1);
});

test('a segment says on the disk that it is continued before the next one is appended to', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 1));
  const copy = sim.files.copy();
  copy.before = async (operation) => {
    const isMarked = copy.operations.some((earlier) => earlier === 'create counters-000002.log');
    if (isMarked && operation === `sync ${LOG}`) await new Promise(() => {});
  };
  await tryToOpen(copy);
  expect(copy.operations.at(-1)).toMatch(`append ${LOG}`);
  const next = await SimDiskStore.begin(copy.clone());
  await next.run(next.add('likes', 1));
  const some: Choose = (bound) => Math.floor(bound / 2);
  expect(await look(next.files.crash(some))).toMatchObject({
    content: { counters: { likes: { 'node-1': 1, [next.replicaId]: 1 } } },
  });
});

test('a copy that was never synced is synced before it is visible', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 1));
  await sim.pass(1000);
  await sim.run(sim.add('likes', 2));
  const copy = await SimDiskStore.begin(await sim.files.unsyncedCopy());
  expect(await copy.run(copy.add('likes', 4))).toBe(7);
  expect(await look(copy.files.crash(nothing))).toMatchObject({
    content: { counters: { likes: { 'node-1': 3, [copy.replicaId]: 4 } } },
  });
});

/** Opens a store as far as the files let it. */
async function tryToOpen(files: MemoryFiles): Promise<void> {
  const clock = new VirtualClock();
  void SimDiskStore.open(files, { clock });
  await clock.run(new Promise<void>((resolve) => clock.after(10, resolve)));
}

/** Lets a server die right before it gives a snapshot its name. */
async function interruptSnapshot(files: MemoryFiles): Promise<MemoryFiles> {
  const sim = await SimDiskStore.begin(files);
  files.hold('rename');
  await sim.run(sim.add('likes', 1));
  await sim.pass(1000);
  sim.end();
  return files;
}

const ways: Record<string, (files: MemoryFiles) => MemoryFiles> = {
  'the machine, which keeps everything': (files) => files.crash(everything),
  'the machine, which loses what it can': (files) => files.crash(nothing),
  'the process': (files) => files.clone(),
};

test.each(Object.entries(ways))(
  'snapshots that are interrupted again and again by the end of %s leave a usable directory',
  async (_, die) => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 1));
    await sim.pass(1000);
    let { files } = sim;
    for (let round = 2; round <= 5; round++) {
      files = die(await interruptSnapshot(die(files)));
      expect(await look(files.clone())).toMatchObject({
        content: { counters: { likes: { 'node-1': round } } },
      });
    }
  },
);

test('a snapshot whose rename was undone by a crash leaves a usable directory', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 1));
  await sim.pass(1000);
  await sim.run(sim.add('likes', 1));
  sim.files.hold('syncDirectory');
  await sim.pass(1000);
  const second = await interruptSnapshot(sim.files.clone());
  expect(await look(second.crash(nothing))).toMatchObject({
    content: { counters: { likes: { 'node-1': 3 } } },
  });
});

test('a copy that crashes before the name of its segment is synced counts beside its original', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 1));
  const choices: Choose[] = [nothing, everything];
  for (const choose of choices) {
    const copy = sim.files.copy();
    copy.hold('sync');
    await tryToOpen(copy);
    const next = await SimDiskStore.begin(copy.crash(choose));
    await next.run(next.add('likes', 1));
    expect(next.nodes('likes')).toEqual({ 'node-1': 1, [next.replicaId]: 1 });
    expect(next.replicaId).toMatch(/~[a-z]/);
  }
});
