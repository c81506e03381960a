/**
 * Increments through proxies that lose 5 % of the answers and double 5 % of the requests, while servers are killed again and
 * again: `npm run test:client -- [INCREMENTS] [KILLS]`, 100,000 and 50 by default, on one server, on a cluster, and on etcd if
 * it is installed. Exits with 0 if every counter is exact, and with 1 as soon as one is not.
 */
import { ClientSite, type Kind } from '../support/client-site.ts';
import { hasEtcd } from '../support/etcd-process.ts';
import { makeIncrements } from '../support/increments.ts';
import { stopServers } from '../support/server-process.ts';

const KEYS = Array.from({ length: 100 }, (_, n) => `key-${n}`);

async function soak(kind: Kind, increments: number, kills: number): Promise<void> {
  const startedMs = performance.now();
  const site = await ClientSite.open(kind, 1);
  try {
    let killing = Promise.resolve();
    let killed = 0;
    const every = Math.max(1, Math.floor(increments / (kills + 1)));
    const values = await makeIncrements({
      clients: [site.client(), site.client(), site.client()],
      increments,
      keys: KEYS,
      atOnce: 500,
      onDone: (done) => {
        if (done % every !== 0 || killed === kills) return;
        killed++;
        killing = killing.then(() => site.kill());
      },
    });
    await killing;
    await site.shows(values);
    const tallies = site.proxies.map(({ tally }) => tally);
    const sum = (of: 'requests' | 'lost' | 'doubled'): number =>
      tallies.reduce((total, tally) => total + tally[of], 0);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.log(
      `${kind}: ${increments} increments in ${sum('requests')} requests, ${sum('lost')} answers lost, ` +
        `${sum('doubled')} requests doubled, ${killed} kills: exact, in ${seconds} s`,
    );
  } finally {
    await site.close();
  }
}

async function main(increments = 100_000, kills = 50): Promise<void> {
  await soak('one server', increments, kills);
  await soak('a cluster of three', increments, kills);
  if (hasEtcd) await soak('two servers on etcd', increments, kills);
  else console.log('two servers on etcd: skipped, since etcd is not installed');
}

main(...process.argv.slice(2).map(Number))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => void stopServers());
