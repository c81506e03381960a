/** What makes it safe to merge counters as late, as often and in whatever order one likes, over HTTP. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, isOnEtcd, startServer, stopServers } from '../../support/server-process.ts';

type Nodes = ReadonlyMap<string, number>;

let servers: readonly [ServerProcess, ServerProcess, ServerProcess];
beforeAll(async () => {
  const start = (id: string): Promise<ServerProcess> => startServer({ args: ['--node-id', id] });
  servers = await Promise.all([start('a'), start('b'), start('c')]);
});
afterAll(stopServers);

let keys = 0;
const freshKey = (): string => `key ${keys++}`;

const sumOf = (nodes: Nodes): number => [...nodes.values()].reduce((sum, total) => sum + total, 0);

const largest = (...maps: Nodes[]): Nodes => {
  const all = new Map<string, number>();
  for (const [name, total] of maps.flatMap((map) => [...map])) {
    if (total > 0) all.set(name, Math.max(total, all.get(name) ?? 0));
  }
  return all;
};

const at = fc.nat({ max: 2 });

const step = fc.oneof(
  fc.record({ do: fc.constant('increment' as const), at, amount: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ do: fc.constant('exchange' as const), from: at, to: at }),
  fc.record({ do: fc.constant('show' as const), from: at }),
  fc.record({ do: fc.constant('take in' as const), at, shown: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What becomes of one counter on the three servers. */
class Run {
  readonly key = freshKey();
  sum = 0;
  readonly #latest = [0, 0, 0];
  /** What servers have shown. It may be old when it is taken in. */
  readonly #shown: Nodes[] = [];

  async take(one: Step): Promise<void> {
    if (one.do === 'increment') await this.#increment(one.at, one.amount);
    else if (one.do === 'exchange') await this.exchange(one.from, one.to);
    else if (one.do === 'show') this.#shown.push(await this.#server(one.from).sync(this.key));
    else await this.#takeIn(one.at, this.#shown[one.shown % Math.max(1, this.#shown.length)] ?? new Map());
  }

  async exchange(from: number, to: number): Promise<void> {
    await this.#takeIn(to, await this.#server(from).sync(this.key));
  }

  async #increment(n: number, amount: number): Promise<void> {
    this.sum += amount;
    const before = this.#latest[n] ?? 0;
    const value = await this.#server(n).increment(this.key, amount);
    equal(value, before + amount);
    this.#see(n, value);
  }

  async #takeIn(n: number, shown: Nodes): Promise<void> {
    const { value, nodes } = await this.#server(n).merge(this.key, shown);
    equal(value, sumOf(nodes));
    deepEqual(largest(nodes, shown), nodes);
    this.#see(n, value);
  }

  #see(n: number, value: number): void {
    ok(value >= (this.#latest[n] ?? 0));
    ok(value <= this.sum);
    this.#latest[n] = value;
  }

  #server(n: number): ServerProcess {
    return servers[n] ?? servers[0];
  }
}

test('three servers that merge what the others have agree on exactly the sum', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const run = new Run();
      for (const one of steps) await run.take(one);
      for (const from of [0, 1, 2, 0, 1]) await run.exchange(from, (from + 1) % 3);
      const [a, b, c] = await Promise.all(servers.map((server) => server.read(run.key)));
      expect(a?.value).toBe(run.sum);
      expect(b).toEqual(a);
      expect(c).toEqual(a);
      expect([...(a?.nodes.keys() ?? [])].filter((node) => !'abc'.includes(node))).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

const name = fc.constantFrom('a', 'b', 'c', 'a~2', 'a~7', '__proto__', 'x');
const nodes = fc
  .array(fc.tuple(name, fc.nat({ max: 20 })), { maxLength: 5 })
  .map((entries) => new Map(entries));

/** Merges one after the other into a counter that nobody knows, and answers what it then is. */
async function mergedInOrder(...maps: Nodes[]): Promise<Nodes> {
  const key = freshKey();
  for (const map of maps) await servers[0].merge(key, map);
  const counter = await servers[0].read(key);
  expect(counter.value).toBe(sumOf(counter.nodes));
  return counter.nodes;
}

test('merging is commutative, associative and idempotent, even for the replica ids of the server itself', async () => {
  await fc.assert(
    fc.asyncProperty(nodes, nodes, nodes, async (x, y, z) => {
      const expected = largest(x, y, z);
      expect(await mergedInOrder(x, y, z)).toEqual(expected);
      expect(await mergedInOrder(z, y, x)).toEqual(expected);
      expect(await mergedInOrder(y, y, x, z, x, y)).toEqual(expected);
      expect(await mergedInOrder(x, await mergedInOrder(y, z))).toEqual(expected);
      expect(await mergedInOrder(await mergedInOrder(x, y), z)).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});

test('concurrent merges have the same result as merges one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(nodes, { minLength: 2, maxLength: 10 }), async (maps) => {
      const key = freshKey();
      await Promise.all(maps.map((map) => servers[0].merge(key, map)));
      expect((await servers[0].read(key)).nodes).toEqual(largest(...maps));
    }),
    { numRuns: 20 },
  );
});

const change = fc.oneof(
  fc.record({ do: fc.constant('increment' as const), amount: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant('merge' as const), nodes }),
  fc.record({ do: fc.constant('restart' as const) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** What becomes of one counter on one server to which anything is shown, also under its own names. */
class Lonely {
  server: ServerProcess;
  readonly key = freshKey();
  own = 0;
  value = 0;
  readonly shown: Nodes[] = [];

  constructor(server: ServerProcess) {
    this.server = server;
  }

  async take(one: Change): Promise<void> {
    if (one.do === 'increment') await this.#increment(one.amount);
    else if (one.do === 'merge') await this.#merge(one.nodes);
    else await this.#restart();
  }

  async #increment(amount: number): Promise<void> {
    this.own += amount;
    this.value += amount;
    equal(await this.server.increment(this.key, amount), this.value);
  }

  async #merge(shown: Nodes): Promise<void> {
    this.shown.push(shown);
    const after = await this.server.merge(this.key, shown);
    ok(after.value >= this.value);
    deepEqual(largest(after.nodes, shown), after.nodes);
    this.value = after.value;
  }

  async #restart(): Promise<void> {
    await this.server.kill('SIGKILL');
    this.server = await this.server.restart();
    equal((await this.server.read(this.key)).value, this.value);
  }
}

test('whatever is merged into a server, it loses none of its own increments and counts none twice', async () => {
  let server = await startServer({ args: ['--node-id', 'a'] });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 20 }), async (changes) => {
      const lonely = new Lonely(server);
      for (const one of changes) {
        await lonely.take(one);
        server = lonely.server;
      }
      expect(lonely.value).toBeGreaterThanOrEqual(lonely.own);
      expect(lonely.value).toBeLessThanOrEqual(lonely.own + sumOf(largest(...lonely.shown)));
    }),
    // Each restart claims a slot of etcd anew.
    { numRuns: isOnEtcd ? 2 : 8 },
  );
});
