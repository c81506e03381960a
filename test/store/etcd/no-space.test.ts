import { afterEach, expect, test } from 'vitest';
import { silent } from '../../../src/runtime/log.ts';
import { afterThisTurn, systemClock, systemRandom } from '../../../src/runtime/system.ts';
import { EtcdStore } from '../../../src/store/etcd/etcd-store.ts';
import { type EtcdUnderTest, modelUnderTest } from '../../support/etcd-under-test.ts';

let store: EtcdStore | undefined;

afterEach(() => store?.close());

const open = ({ etcd, endpoint }: EtcdUnderTest): Promise<EtcdStore> =>
  EtcdStore.open({
    etcd,
    endpoints: [endpoint],
    prefix: '',
    timeoutMs: 5000,
    nodeId: undefined,
    limits: { maxCounters: 1000, maxNodes: 100, windowMs: 60_000, maxIdempotencyRecords: 1000 },
    clock: systemClock,
    random: systemRandom,
    afterThisTurn,
    info: silent,
    warn: silent,
    at: 'here:8080',
    onFailure: (error) => {
      throw error;
    },
    onRead: () => {},
    onCommit: () => {},
  });

test('what etcd refuses for want of space is counted if it is acknowledged, and only then', async () => {
  const underTest = modelUnderTest({ quotaBytes: 50_000 });
  store = await open(underTest);
  let acknowledged = 0;
  /** Resolves with the error, if it is refused. */
  const add = async (amount: number): Promise<unknown> => {
    const error = await store?.increment([{ key: 'likes', amount }]).then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    if (error === undefined) acknowledged += amount;
    return error;
  };
  // The one that etcd refuses first is done all the same.
  let first: unknown;
  for (let amount = 1; first === undefined; amount++) first = await add(amount);
  for (const error of [first, await add(1), await add(1)]) expect(error).toMatchObject({ code: 'no_space' });
  expect((await store.read('likes')).value).toBe(acknowledged);

  const { revision } = await underTest.etcd.txn('', { compare: [], success: [], failure: [] }, 0);
  await underTest.compact(revision);
  await underTest.defragment();
  await underTest.disarm();
  for (let amount = 1; amount <= 5; amount++) expect(await add(amount)).toBeUndefined();
  expect((await store.read('likes')).value).toBe(acknowledged);
});
