/** The etcd engine over a real etcd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdError, type Txn, type TxnResult } from '../../../src/store/etcd/etcd.ts';
import type { EtcdStore, EtcdStoreOptions } from '../../../src/store/etcd/etcd-store.ts';
import { Gateway } from '../../../src/store/etcd/gateway.ts';
import { EtcdProcess, etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { openEtcdStore } from '../../support/etcd-store.ts';
import { until } from '../../support/eventually.ts';
import { freePort } from '../../support/servers.ts';
import { describeStore } from '../conformance.ts';

describe.skipIf(!hasEtcd)(`over a real etcd${etcdSuffix}`, () => {
  let process: EtcdProcess;
  const gateway = new Gateway({});
  const stores: EtcdStore[] = [];
  let prefixes = 0;

  beforeAll(async () => {
    process = await EtcdProcess.start();
  });

  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    gateway.close();
    await process.stop();
  });

  const open = async (settings: Partial<EtcdStoreOptions> = {}): Promise<EtcdStore> => {
    const store = await openEtcdStore({
      etcd: gateway,
      endpoints: [process.endpoint],
      prefix: `test-${++prefixes}/`,
      ...settings,
    });
    stores.push(store);
    return store;
  };

  /** Several servers on the same counters. */
  const openSeveral = (count: number, settings: Partial<EtcdStoreOptions> = {}): Promise<EtcdStore[]> => {
    const prefix = `test-${++prefixes}/`;
    return Promise.all(Array.from({ length: count }, () => open({ prefix, ...settings })));
  };

  const valueAt = async (store: EtcdStore, key: string): Promise<number> => (await store.read(key)).value;

  describeStore(
    'etcd',
    async (limits) => ({
      store: await open({ limits }),
      run: (work) => work,
      pass: (durationMs) => new Promise((resolve) => void setTimeout(resolve, durationMs)),
    }),
    { countsLowerBounds: true, keepsRecordsLonger: true },
  );

  test('servers on the same counters hold different slots, and each read has what any of them has acknowledged', async () => {
    const servers = await openSeveral(3);
    expect(new Set(servers.map(({ nodeId }) => nodeId))).toEqual(new Set(['node-1', 'node-2', 'node-3']));
    const keys = ['a', 'b', 'c'];
    const acknowledged = new Map(keys.map((key) => [key, 0]));
    await Promise.all(
      servers.flatMap((server, n) =>
        keys.map(async (key) => {
          for (let count = 0; count < 20; count++) {
            await server.increment([{ key, amount: n + 1 }]);
            const least = (acknowledged.get(key) ?? 0) + n + 1;
            acknowledged.set(key, least);
            expect(await valueAt(servers[(n + count) % 3] ?? server, key)).toBeGreaterThanOrEqual(least);
          }
        }),
      ),
    );
    for (const server of servers) expect(await valueAt(server, 'a')).toBe(20 * (1 + 2 + 3));
  });

  test('a request that goes to all servers at once is counted once, and gets the same answer from each', async () => {
    const servers = await openSeveral(3);
    for (let round = 0; round < 20; round++) {
      const idempotency = { id: `request-${round}`, fingerprint: 'the same' };
      // Others raise the counter at the same time, so forecasts are wrong.
      const others = servers.map((server) => server.increment([{ key: 'likes', amount: 100 }]));
      const same = servers.map((server) => server.increment([{ key: 'likes', amount: 1 }], idempotency));
      const answers = await Promise.all(same);
      await Promise.all(others);
      expect(new Set(answers.map(({ nodeId, values }) => `${nodeId} ${values.join()}`)).size).toBe(1);
      for (const server of servers) {
        expect(await server.increment([{ key: 'likes', amount: 1 }], idempotency)).toEqual(answers[0]);
      }
    }
    expect(await valueAt(servers[0] ?? (await open()), 'likes')).toBe(20 * (3 * 100 + 1));
  });

  test('a server whose claim is lost claims a slot anew, and what it had not committed is counted once', async () => {
    const prefix = `test-${++prefixes}/`;
    const [server, other] = [await open({ prefix }), await open({ prefix })];
    const leaseOf = async (slot: string): Promise<string | undefined> => {
      const success = [{ range: `${prefix}live/${slot}` }];
      const { results } = await gateway.txn(process.endpoint, { compare: [], success, failure: [] }, 5000);
      return results[0]?.found[0]?.lease;
    };
    for (let round = 0; round < 10; round++) {
      const lease = await until(() => leaseOf(server.nodeId));
      const work = Array.from({ length: 20 }, () => server.increment([{ key: 'likes', amount: 1 }]));
      await gateway.revokeLease(process.endpoint, lease, 5000);
      await Promise.all(work);
    }
    expect(await valueAt(other, 'likes')).toBe(200);
    expect(server.statistics.claimsLost).toBeGreaterThan(0);
  });

  test('whatever answers are lost, increments are counted once', async () => {
    /** Loses every third answer, and sends every fifth transaction a second time. */
    class Lossy extends Gateway {
      #count = 0;

      override async txn(endpoint: string, txn: Txn, timeoutMs: number): Promise<TxnResult> {
        const n = ++this.#count;
        const result = await super.txn(endpoint, txn, timeoutMs);
        if (n % 5 === 0) await super.txn(endpoint, txn, timeoutMs).catch(() => {});
        if (n % 3 === 0) throw new EtcdError('timeout', 'the answer is lost');
        return result;
      }
    }
    const lossy = new Lossy({});
    const servers = await openSeveral(2, { etcd: lossy });
    let expected = 0;
    for (let round = 0; round < 10; round++) {
      const work = servers.flatMap((server, n) =>
        ['a', 'b'].map((key) => {
          const idempotency = n === 0 ? { id: `${key}-${round}`, fingerprint: key } : undefined;
          return server.increment([{ key, amount: 1 }], idempotency);
        }),
      );
      expected += 2;
      await Promise.all(work);
      for (const server of servers) expect(await valueAt(server, 'a')).toBe(expected);
    }
    expect(servers.some(({ statistics }) => statistics.answersRecovered > 0)).toBe(true);
  });

  test('a merge that shows more for a slot than its holder has counted retires the slot', async () => {
    const server = await open();
    const { nodeId } = server;
    await server.increment([{ key: 'likes', amount: 5 }]);
    expect(
      await server.merge(
        'likes',
        new Map([
          [nodeId, 5],
          ['elsewhere', 3],
        ]),
      ),
    ).toMatchObject({ value: 8 });
    expect(server.nodeId).toBe(nodeId);
    expect((await server.merge('likes', new Map([[nodeId, 9]]))).value).toBe(12);
    await server.increment([{ key: 'likes', amount: 1 }]);
    expect(server.nodeId).not.toBe(nodeId);
    const { value, nodes } = await server.read('likes');
    expect([value, nodes.get(nodeId), nodes.get(server.nodeId)]).toEqual([13, 9, 1]);
  });

  test('another endpoint is asked where one does not answer', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const server = await open({ endpoints: [nobody, process.endpoint] });
    expect(await server.increment([{ key: 'likes', amount: 1 }])).toMatchObject({ values: [1] });
  });

  test('more counters than a transaction holds are refused, and the most that it holds are not', async () => {
    const server = await open();
    const some = (count: number) => Array.from({ length: count }, (_, n) => ({ key: `key-${n}`, amount: 1 }));
    expect((await server.increment(some(60), { id: 'once', fingerprint: 'x' })).values).toHaveLength(60);
    await expect(server.increment(some(61))).rejects.toMatchObject({ code: 'too_many_at_once' });
  });

  test.each([
    ['compacted', { range: 'x', revision: 1 }],
    [
      'invalid',
      { txn: { compare: [], success: Array.from({ length: 200 }, () => ({ range: 'x' })), failure: [] } },
    ],
    ['not_found', { put: 'x', value: '', lease: '12345' }],
  ] as const)('the gateway tells %s from other errors', async (code, operation) => {
    await gateway.txn(
      process.endpoint,
      { compare: [], success: [{ put: 'y', value: '1' }], failure: [] },
      5000,
    );
    const txn = { compare: [], success: [operation], failure: [] };
    const compacted = fetch(`http://${process.endpoint}/v3/kv/compaction`, {
      method: 'POST',
      body: '{"revision":"2"}',
    });
    await (await compacted).text();
    await expect(gateway.txn(process.endpoint, txn, 5000)).rejects.toMatchObject({ code });
  });
});
