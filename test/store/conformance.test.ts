/** Every engine passes the conformance suite; the one in memory shows that the suite asks for nothing but the port. */
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { MemoryFiles } from '../support/memory-files.ts';
import { memoryStore } from '../support/memory-store.ts';
import { SimDiskStore } from '../support/sim-disk-store.ts';
import { describeStore } from './conformance.ts';

describeStore('the disk engine', (limits) => SimDiskStore.begin(new MemoryFiles(), { limits }));

describeStore('an engine in memory', async (limits) => {
  const clock = new VirtualClock();
  return {
    store: memoryStore(limits, () => clock.nowMs()),
    run: (work) => clock.run(work),
    pass: (durationMs) => clock.run(new Promise((resolve) => void clock.after(durationMs, resolve))),
  };
});
