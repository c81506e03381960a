import { afterEach, expect, test } from 'vitest';
import type { EtcdStore } from '../../../src/store/etcd/etcd-store.ts';
import { openEtcdStore } from '../../support/etcd-store.ts';
import { modelUnderTest } from '../../support/etcd-under-test.ts';

let store: EtcdStore | undefined;

afterEach(() => store?.close());

test('what etcd refuses for want of space is counted if it is acknowledged, and only then', async () => {
  const underTest = modelUnderTest({ quotaBytes: 50_000 });
  store = await openEtcdStore({ etcd: underTest.etcd, endpoints: [underTest.endpoint] });
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
