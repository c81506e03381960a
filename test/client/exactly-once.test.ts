/**
 * Increments through proxies that lose 5 % of the answers and double 5 % of the requests, to servers that are killed meanwhile:
 * each counts once. `npm run test:client` does the same for longer.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { ClientSite, type Kind } from '../support/client-site.ts';
import { etcdSuffix, hasEtcd } from '../support/etcd-process.ts';
import { makeIncrements } from '../support/increments.ts';
import { stopServers } from '../support/server-process.ts';

afterAll(stopServers);

const KEYS = Array.from({ length: 20 }, (_, n) => `key-${n}`);
const INCREMENTS = 3000;
const KILLS = 4;

const kinds: readonly Kind[] = ['one server', 'a cluster of three', 'two servers on etcd'];

describe.each(kinds)('on %s', (kind) => {
  const suffix = kind === 'two servers on etcd' ? etcdSuffix : '';

  test.skipIf(kind === 'two servers on etcd' && !hasEtcd)(`each increment counts once${suffix}`, async () => {
    const site = await ClientSite.open(kind, 1);
    try {
      let killing = Promise.resolve();
      const values = await makeIncrements({
        clients: [site.client(), site.client(), site.client()],
        increments: INCREMENTS,
        keys: KEYS,
        atOnce: 100,
        onDone: (done) => {
          if (done % Math.floor(INCREMENTS / (KILLS + 1)) === 0) killing = killing.then(() => site.kill());
        },
      });
      await killing;
      await site.shows(values);
      expect(site.proxies.reduce((sum, { tally }) => sum + tally.lost + tally.doubled, 0)).toBeGreaterThan(0);
    } finally {
      await site.close();
    }
  });
});
