/**
 * Increments through proxies that lose 5 % of the answers and double 5 % of the requests, while servers are killed again and
 * again: `npm run test:client -- [INCREMENTS] [KILLS]`, 100,000 and 50 by default, on one server, on a cluster, and on etcd if
 * it is installed. Exits with 0 if every counter is exact, and with 1 as soon as one is not.
 */
import { ClientSite, type Kind, kinds, setups } from '../support/client-site.ts';
import { countsOnce } from '../support/increments.ts';
import { stopServers } from '../support/server-process.ts';

const KEYS = Array.from({ length: 100 }, (_, n) => `key-${n}`);

async function soak(kind: Kind, increments: number, kills: number): Promise<void> {
  const startedMs = performance.now();
  const site = await ClientSite.open(kind);
  try {
    await countsOnce(site, { increments, kills, keys: KEYS, atOnce: 500 });
    const tallies = site.proxies.map(({ tally }) => tally);
    const sum = (of: 'requests' | 'lost' | 'doubled'): number =>
      tallies.reduce((total, tally) => total + tally[of], 0);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.log(
      `${kind}: ${increments} increments in ${sum('requests')} requests, ${sum('lost')} answers lost, ` +
        `${sum('doubled')} requests doubled, ${kills} kills: exact, in ${seconds} s`,
    );
  } finally {
    await site.close();
  }
}

async function main(increments = 100_000, kills = 50): Promise<void> {
  for (const kind of kinds) {
    if (setups[kind].canRun) await soak(kind, increments, kills);
    else console.log(`${kind}${setups[kind].suffix}`);
  }
}

main(...process.argv.slice(2).map(Number))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => void stopServers());
