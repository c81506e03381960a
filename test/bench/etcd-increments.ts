/** Increments at the store port, without HTTP, beside what else one could do with etcd or Redis. */
import { Gateway } from '../../src/store/etcd/gateway.ts';
import type { EtcdCluster } from '../support/etcd-cluster.ts';
import { type ClosedLoop, type Figures, closedLoop, figuresText, medians, ratio } from './closed-loop.ts';
import { anyOf, openStore, swap } from './etcd-stores.ts';
import { RedisConnection, RedisPair } from './redis.ts';
import { print } from './server-process.ts';

const COUNTERS = 100;
const ROUNDS = 3;
const ROUND_MS = 2000;
/** The naive design takes seconds for one request when a thousand wait. */
const SWAP_ROUND_MS = 4000;
/** How many connections clients have that put what waits into one batch. */
const BATCHING_CONNECTIONS = 4;

export async function compareIncrements(cluster: EtcdCluster): Promise<void> {
  const gateway = new Gateway({});
  const store = await openStore(gateway, cluster.endpoints, 'increments/');
  const redis = await RedisPair.start();
  try {
    for (const atOnce of [64, 1000]) {
      const connections = await Promise.all(
        Array.from({ length: atOnce }, () => RedisConnection.open(redis.port)),
      );
      const designs: Record<string, Omit<ClosedLoop, 'atOnce'>> = {
        'g-counter on etcd': {
          durationMs: ROUND_MS,
          pids: cluster.pids,
          request: () => store.increment([{ key: anyOf(COUNTERS), amount: 1 }]),
        },
        'one swap per increment on etcd': {
          durationMs: SWAP_ROUND_MS,
          pids: cluster.pids,
          request: (n) =>
            swap(gateway, cluster.endpoints[n % cluster.endpoints.length] ?? '', `swap/${anyOf(COUNTERS)}`),
        },
        'Redis, INCR and WAIT 1 per request': {
          durationMs: ROUND_MS,
          pids: redis.pids,
          request: oneEach(connections),
        },
        'Redis, one WAIT 1 for all that wait': {
          durationMs: ROUND_MS,
          pids: redis.pids,
          request: sharing(connections.slice(0, BATCHING_CONNECTIONS)),
        },
      };
      await inTurns(atOnce, new Map(Object.entries(designs)));
      for (const connection of connections) connection.close();
    }
  } finally {
    await redis.stop();
    await store.close();
    gateway.close();
  }
}

/** Each request has a connection to itself. */
function oneEach(connections: readonly RedisConnection[]): () => Promise<void> {
  const free = [...connections];
  return async () => {
    const connection = free.pop();
    if (connection === undefined) throw new Error('no connection is free');
    await connection.increment(anyOf(COUNTERS));
    free.push(connection);
  };
}

/** Requests share connections, and on each of them a batch. */
const sharing =
  (connections: readonly RedisConnection[]) =>
  (n: number): Promise<unknown> | undefined =>
    connections[n % connections.length]?.increment(anyOf(COUNTERS));

/** Measures designs in turns, and prints the first one beside each of the others. */
async function inTurns(
  atOnce: number,
  designs: ReadonlyMap<string, Omit<ClosedLoop, 'atOnce'>>,
): Promise<void> {
  const rounds = new Map([...designs.keys()].map((name): [string, Figures[]] => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, design] of designs) rounds.get(name)?.push(await closedLoop({ ...design, atOnce }));
  }
  const [first = []] = rounds.values();
  for (const [name, figures] of rounds) {
    print(`${atOnce} at once: ${name}`, figuresText(medians(figures)));
    if (figures !== first)
      print('  g-counter on etcd is as fast', `${ratio(first, figures).toFixed(1)} times`);
  }
}
