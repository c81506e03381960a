import { expect, test } from 'vitest';
import { type Etcd, EtcdError, type Txn } from '../../../src/store/etcd/etcd.ts';
import { type Finding, checkEtcd } from '../../../src/store/etcd/startup-checks.ts';
import { EtcdModel } from '../../../src/workbench/etcd/model.ts';
import { modelEtcd } from '../../support/etcd-under-test.ts';

const model = new EtcdModel({ nowMs: () => 0 });

const check = (etcd: Partial<Etcd>): Promise<Finding[] | undefined> =>
  checkEtcd({ ...modelEtcd(model), ...etcd }, ['a', 'b'], 'counters/', 1000, () =>
    Promise.resolve(undefined),
  );

test('to look at etcd changes nothing', async () => {
  const { revision } = model;
  expect(await check({})).toEqual([]);
  expect(model.revision).toBe(revision);
});

test('a server that may not write below its prefix must not start, although everybody is told a status', async () => {
  const asked: Txn[] = [];
  const txn = async (_: string, each: Txn): Promise<never> => {
    asked.push(each);
    throw new EtcdError('unauthenticated', 'permission denied');
  };
  expect(await check({ txn })).toEqual([
    { isFatal: true, message: 'etcd at a refuses: permission denied; see --etcd-user-file' },
  ]);
  expect(asked).toMatchObject([{ success: [{ put: 'counters/live/' }] }]);
});

test('etcd that does not answer this time is none that refuses', async () => {
  const txn = (): Promise<never> => Promise.reject(new EtcdError('timeout', 'no answer'));
  expect(await check({ txn })).toEqual([]);
});
