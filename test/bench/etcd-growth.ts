/** How increments fare with more front ends, each in a process of its own, and with more counters. */
import { Gateway } from '../../src/store/etcd/gateway.ts';
import { Keyspace } from '../../src/store/etcd/keys.ts';
import type { EtcdCluster } from '../support/etcd-cluster.ts';
import { type Figures, figuresText, medians, processorUs } from './closed-loop.ts';
import { putAll } from './etcd-fill.ts';
import { FrontEnd, type FrontEndLoad } from './etcd-front-end.ts';
import { print } from './server-process.ts';

const PREFIX = 'growth/';
const ROUNDS = 3;
const ROUND_MS = 2000;
const FRONT_ENDS = [1, 2, 4];
/** In all front ends together. */
const AT_ONCE = 1000;

/** `counters` is the largest number of counters. */
export async function measureGrowth({ endpoints, pids }: EtcdCluster, counters: number): Promise<void> {
  const gateway = new Gateway({});
  const startMs = performance.now();
  await putAll(gateway, endpoints, entries(counters));
  gateway.close();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  print(`${counters.toLocaleString('en')} counters are put in`, `${seconds} s`);
  const frontEnds: FrontEnd[] = [];
  while (frontEnds.length < Math.max(...FRONT_ENDS)) frontEnds.push(await FrontEnd.start(PREFIX, endpoints));
  const each = { counters: 100, batch: 1, atOnce: AT_ONCE, durationMs: ROUND_MS };
  const loads: { name: string; count: number; load: FrontEndLoad }[] = [
    ...FRONT_ENDS.map((count) => ({ name: '100 counters', count, load: each })),
    ...FRONT_ENDS.map((count) => ({ name: 'one counter', count, load: { ...each, counters: 1 } })),
    ...[10_000, counters].map((all) => ({
      name: `${all.toLocaleString('en')} counters`,
      count: 1,
      load: { ...each, counters: all },
    })),
    { name: 'requests of 60 counters each, of 100', count: 1, load: { ...each, atOnce: 64, batch: 60 } },
  ];
  const rounds = loads.map((): Figures[] => []);
  for (let count = 0; count < ROUNDS; count++) {
    for (const [index, { count: of, load }] of loads.entries()) {
      rounds[index]?.push(await together(frontEnds.slice(0, of), load, pids));
    }
  }
  for (const [index, { name, count }] of loads.entries()) {
    print(
      `${count === 1 ? 'one front end' : `${count} front ends`}, ${name}`,
      figuresText(medians(rounds[index] ?? [])),
    );
  }
  await Promise.all(frontEnds.map((frontEnd) => frontEnd.stop()));
}

/** Shares a load among front ends. */
async function together(
  frontEnds: readonly FrontEnd[],
  load: FrontEndLoad,
  pids: readonly number[],
): Promise<Figures> {
  const atOnce = Math.round(load.atOnce / frontEnds.length);
  const beforeUs = processorUs(pids);
  const all = await Promise.all(frontEnds.map((frontEnd) => frontEnd.measure({ ...load, atOnce })));
  const perSecond = all.reduce((sum, figures) => sum + figures.perSecond, 0);
  // The time of the processor is that until the last answer.
  const requests = all.reduce((sum, figures) => sum + figures.requests, 0);
  return {
    requests,
    perSecond,
    p50Ms: Math.max(...all.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...all.map(({ p99Ms }) => p99Ms)),
    engineUs: (processorUs(pids) - beforeUs) / requests,
    ownUs: all.reduce((sum, { ownUs, perSecond: share }) => sum + (ownUs * share) / perSecond, 0),
  };
}

function* entries(counters: number): Generator<[key: string, value: string]> {
  const keys = new Keyspace(PREFIX);
  for (let counter = 0; counter < counters; counter++) yield [keys.entry(`key-${counter}`, 'node-1'), '1'];
}
