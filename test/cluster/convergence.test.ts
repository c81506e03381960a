import { expect, test } from 'vitest';
import type { Random } from '../../src/runtime/random.ts';
import { below, pick } from '../../src/workbench/sim/random.ts';
import { type Resident, Town, everybodyElse, peersOf } from '../support/sim-cluster.ts';

const RESIDENTS = 4;
const KEYS = ['likes', 'views', '__proto__'];

/** What happens in a town, at random, and what was counted in it. */
class Story {
  readonly town: Town;
  residents: Resident[] = [];
  readonly counted = new Map<string, number>(KEYS.map((key) => [key, 0]));
  readonly #random: Random;
  readonly #mayRestart: boolean;

  constructor(seed: number, mayRestart: boolean) {
    this.town = new Town(seed);
    this.#random = this.town.streams('story');
    this.#mayRestart = mayRestart;
  }

  async run(steps: number): Promise<void> {
    this.residents = await this.town.settleAll(RESIDENTS, { beacons: true });
    for (let step = 0; step < steps; step++) {
      this.#happen();
      await this.town.pass(1 + below(this.#random, 8000));
    }
    this.town.heal();
    Object.assign(this.town, { loss: 0, delayMs: 1 });
    await this.town.pass(120_000);
  }

  #happen(): void {
    const resident = pick(this.#random, this.residents);
    for (let times = below(this.#random, 4); times > 0; times--)
      this.#count(pick(this.#random, this.residents));
    switch (below(this.#random, 8)) {
      case 0:
      case 1:
        this.town.cut(resident, pick(this.#random, this.residents));
        break;
      case 2:
        this.town.cutOff(resident);
        break;
      case 3:
        this.town.heal();
        break;
      case 4:
        Object.assign(this.town, { loss: this.#random.next() / 2, delayMs: 1 + below(this.#random, 400) });
        break;
      case 5:
        if (this.#mayRestart)
          this.residents = this.residents.map((each) => (each === resident ? each.restart() : each));
        break;
      default:
        this.#count(resident);
    }
  }

  #count({ replica }: Resident): void {
    const key = pick(this.#random, KEYS);
    const amount = 1 + below(this.#random, 9);
    replica.add(key, amount);
    this.counted.set(key, (this.counted.get(key) ?? 0) + amount);
  }
}

const seeds = Array.from({ length: 12 }, (_, index) => index + Number(process.env['STORY_SEED'] ?? 1));

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
    const { residents, counted, town } = story;
    expect(peersOf(residents)).toEqual(everybodyElse(residents));
    for (const { replica } of residents) {
      expect(KEYS.map((key) => [key, replica.value(key)])).toEqual([...counted]);
      expect(replica.contents()).toEqual(residents[0]?.replica.contents());
    }
    expect(residents.flatMap(({ duplicates }) => duplicates)).toEqual([]);
    // Nobody asks all the time: this is some six minutes of four servers.
    expect(town.requests.length).toBeLessThan(20_000);
  },
);
