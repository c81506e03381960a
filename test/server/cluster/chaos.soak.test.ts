/** Five servers whose clients never stop, while servers crash, links break and one disk is lost. */
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { Random } from '../../../src/runtime/random.ts';
import { below, pick, shuffled, streams } from '../../../src/workbench/sim/random.ts';
import { stopServers } from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import type { LinkState } from '../../support/proxy.ts';
import { RestartingServer } from '../../support/restarting-server.ts';

let servers: readonly RestartingServer[] = [];
afterAll(async () => {
  for (const { link } of servers) link.close();
  await stopServers();
});

const SEED = 20_260_101;
const CLIENTS = 200;
/** Each with a server that crashes. */
const STRIKES = 10;
const INCREMENTS = 1000;
const KEYS = Array.from({ length: 20 }, (_, n) => `key-${n}`);

/** What clients have been told is counted, and where they may go. */
class Load {
  readonly counted = new Map(KEYS.map((key) => [key, 0]));
  readonly open: Set<RestartingServer>;
  increments = 0;
  #isOver = false;

  constructor(all: readonly RestartingServer[]) {
    this.open = new Set(all);
  }

  end(): void {
    this.#isOver = true;
  }

  /** A client: one increment after the other, each on any server. */
  async run(name: string, random: Random): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const [server, key, amount] = [pick(random, [...this.open]), pick(random, KEYS), 1 + below(random, 9)];
      await server.add(key, amount, `${name}-${n}`);
      this.counted.set(key, (this.counted.get(key) ?? 0) + amount);
      this.increments++;
    }
  }
}

/** What happens to the servers and their links, one after the other. */
class Nemesis {
  readonly #load: Load;
  readonly #random: Random;

  constructor(load: Load, random: Random) {
    this.#load = load;
    this.#random = random;
  }

  /** A server crashes, while links are broken or not. */
  async strike(): Promise<void> {
    const links = shuffled(this.#random, servers).slice(0, below(this.#random, 4));
    const state = pick(this.#random, ['cut', 'mute'] as const);
    const victim = pick(this.#random, servers);
    // At random, to come before or after the failure detector has noticed.
    const [downMs, brokenMs] = [below(this.#random, 1000), 500 + below(this.#random, 2500)];
    await Promise.all([
      this.#breakUntil(links, state, () => after(brokenMs)),
      victim.crash(() => after(downMs)),
    ]);
  }

  /** Nobody reaches anybody, until that shows: each server then tells other values than all the rest. */
  async isolateAll(): Promise<void> {
    await this.#breakUntil(servers, 'mute', () =>
      eventually(async () => {
        const values = await Promise.all(servers.map((server) => server.values(KEYS)));
        if (new Set(values.map(textOf)).size < servers.length) throw new Error('some tell the same');
      }),
    );
  }

  /** A server loses its disk when another has all that it had counted. */
  async loseDisk(victim: RestartingServer): Promise<void> {
    const others = servers.filter((server) => server !== victim);
    const witness = pick(this.#random, others);
    this.#load.open.delete(victim);
    await victim.idle();
    const own = textOf(await victim.totalsOf(victim.id, KEYS));
    await eventually(async () => {
      if (textOf(await witness.totalsOf(victim.id, KEYS)) !== own) throw new Error('it would be lost');
    });
    await victim.loseDisk();
    this.#load.open.add(victim);
  }

  async #breakUntil(
    broken: readonly RestartingServer[],
    state: LinkState,
    end: () => Promise<unknown>,
  ): Promise<void> {
    for (const { link } of broken) link.become(state);
    await end();
    for (const { link } of broken) link.become('whole');
  }
}

const textOf = (values: ReadonlyMap<string, number>): string => JSON.stringify([...values]);

test('after all has healed, five servers have counted exactly what their clients were told', async () => {
  const random = streams(SEED);
  servers = await RestartingServer.openAll(['a', 'b', 'c', 'd', 'e']);
  const load = new Load(servers);
  const nemesis = new Nemesis(load, random('nemesis'));
  const clients = Array.from({ length: CLIENTS }, (_, n) => load.run(`client-${n}`, random(`client-${n}`)));
  await nemesis.strike();
  await nemesis.loseDisk(pick(random('disk'), servers));
  await nemesis.isolateAll();
  for (let strike = 0; strike < STRIKES || load.increments < INCREMENTS; strike++) await nemesis.strike();
  load.end();
  await Promise.all(clients);

  await eventually(async () => {
    for (const server of servers) expect(await server.values(KEYS)).toEqual(load.counted);
  });
  expect(load.increments).toBeGreaterThanOrEqual(INCREMENTS);
});
