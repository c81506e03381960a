/** A server whose disk is put back to earlier states again and again, and another that keeps what it was shown. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GCounter, merge } from '../../../src/crdt/g-counter.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

type Step = 'count' | 'show' | 'learn' | 'back up' | 'restart' | 'restore';

const KEY = 'likes';
const step = fc.constantFrom<Step>(
  'count',
  'count',
  'count',
  'show',
  'show',
  'learn',
  'back up',
  'restart',
  'restore',
);

/** A server, and what it has counted, as bits of a sum: each increment adds a power of two of its own. */
class Server {
  /** What is on its disk. */
  bits = 0;
  readonly sim: SimDiskStore;

  constructor(sim: SimDiskStore, bits: number) {
    this.sim = sim;
    this.bits = bits;
  }

  get nodes(): GCounter {
    return new Map(Object.entries(this.sim.nodes(KEY)));
  }

  static async start(files: MemoryFiles, bits: number): Promise<Server> {
    return new Server(await SimDiskStore.begin(files, { clock: new VirtualClock() }), bits);
  }

  async count(amount: number): Promise<void> {
    await this.sim.run(this.sim.add(KEY, amount));
    this.bits |= amount;
  }

  async learn(shown: GCounter, bits: number): Promise<void> {
    await this.sim.run(this.sim.merge(KEY, Object.fromEntries(shown)));
    this.bits |= bits;
  }
}

test('increments that another server or the remaining disk has are counted exactly once in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
      let server = await Server.start(new MemoryFiles(), 0);
      let backup = server.sim.files.copy();
      let bitsOfBackup = 0;
      let peer: GCounter = new Map();
      let bitsOfPeer = 0;
      let next = 1;
      const perform: Record<Step, () => Promise<void>> = {
        count: async () => {
          await server.count(next);
          next *= 2;
        },
        show: async () => {
          peer = merge(peer, server.nodes);
          bitsOfPeer |= server.bits;
        },
        learn: () => server.learn(peer, bitsOfPeer),
        'back up': async () => {
          backup = server.sim.files.copy();
          bitsOfBackup = server.bits;
        },
        restart: async () => {
          server = await Server.start(server.sim.files.clone(), server.bits);
        },
        // It learns before it counts: of two servers started from one backup, neither knows of the other.
        restore: async () => {
          server = await Server.start(backup.copy(), bitsOfBackup);
          await server.learn(peer, bitsOfPeer);
        },
      };
      for (const name of steps) await perform[name]();
      await perform.learn();
      expect(server.sim.value(KEY)).toBe(server.bits);
      expect([...merge(peer, server.nodes).values()].reduce((sum, total) => sum + total, 0)).toBe(
        server.bits,
      );
    }),
    { numRuns: 200 },
  );
});
