import { expect, test } from 'vitest';
import type { Random } from '../../src/runtime/random.ts';
import { below, pick } from '../../src/workbench/sim/random.ts';
import { type SimServer, SimCluster, everybodyElse, peersOf } from '../support/sim-cluster.ts';
import { bySuite } from '../support/suite.ts';

const SERVERS = 4;
const KEYS = ['likes', 'views', '__proto__'];

/** What happens in a sim, at random, and what was counted in it. */
class Story {
  readonly sim: SimCluster;
  servers: SimServer[] = [];
  readonly counted = new Map<string, number>(KEYS.map((key) => [key, 0]));
  readonly #random: Random;
  readonly #mayRestart: boolean;

  constructor(seed: number, mayRestart: boolean) {
    this.sim = new SimCluster(seed);
    this.#random = this.sim.streams('story');
    this.#mayRestart = mayRestart;
  }

  async run(steps: number): Promise<void> {
    this.servers = await this.sim.startAll(SERVERS, { beacons: true });
    for (let step = 0; step < steps; step++) {
      this.#happen();
      await this.sim.pass(1 + below(this.#random, 8000));
    }
    this.sim.heal();
    Object.assign(this.sim, { loss: 0, delayMs: 1 });
    await this.sim.pass(120_000);
  }

  #happen(): void {
    const server = pick(this.#random, this.servers);
    for (let times = below(this.#random, 4); times > 0; times--)
      this.#count(pick(this.#random, this.servers));
    switch (below(this.#random, 8)) {
      case 0:
      case 1:
        this.sim.cut(server, pick(this.#random, this.servers));
        break;
      case 2:
        this.sim.cutOff(server);
        break;
      case 3:
        this.sim.heal();
        break;
      case 4:
        Object.assign(this.sim, { loss: this.#random.next() / 2, delayMs: 1 + below(this.#random, 400) });
        break;
      case 5:
        if (this.#mayRestart)
          this.servers = this.servers.map((each) => (each === server ? each.restart() : each));
        break;
      default:
        this.#count(server);
    }
  }

  #count({ replica }: SimServer): void {
    const key = pick(this.#random, KEYS);
    const amount = 1 + below(this.#random, 9);
    replica.add(key, amount);
    this.counted.set(key, (this.counted.get(key) ?? 0) + amount);
  }
}

const length = bySuite({ test: 2, soak: 8 });
const seeds = Array.from({ length }, (_, index) => index + Number(process.env['STORY_SEED'] ?? 1));

test.each(
  seeds.flatMap((seed) => [
    { seed, mayRestart: false },
    { seed, mayRestart: true },
  ]),
)(
  'whatever happens, all end as peers that hold all that was counted, once (seed $seed, restarts: $mayRestart)',
  async ({ seed, mayRestart }) => {
    const story = new Story(seed, mayRestart);
    await story.run(60);
    const { servers, counted, sim } = story;
    expect(peersOf(servers)).toEqual(everybodyElse(servers));
    for (const { replica } of servers) {
      expect(KEYS.map((key) => [key, replica.value(key)])).toEqual([...counted]);
      expect(replica.contents()).toEqual(servers[0]?.replica.contents());
    }
    expect(servers.flatMap(({ duplicates }) => duplicates)).toEqual([]);
    // Nobody asks all the time: this is some six minutes of four servers.
    expect(sim.requests.length).toBeLessThan(20_000);
  },
);
