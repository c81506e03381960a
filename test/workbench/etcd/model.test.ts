import { expect, test } from 'vitest';
import type { EtcdError, Operation } from '../../../src/store/etcd/etcd.ts';
import { EtcdModel } from '../../../src/workbench/etcd/model.ts';
import { etcdConformance } from '../../store/etcd/conformance.ts';
import { modelUnderTest } from '../../support/etcd-under-test.ts';

etcdConformance('the model', modelUnderTest);

const does = (...success: Operation[]) => ({ compare: [], success, failure: [] });

test('leases of the model end when the time says so, those that are renewed later', () => {
  let nowMs = 0;
  const model = new EtcdModel({ nowMs: () => nowMs });
  const [first, second] = [model.grantLease(10), model.grantLease(10)];
  for (const { id } of [first, second]) model.txn(does({ put: `of ${id}`, value: '', lease: id }));
  nowMs = 5000;
  expect(model.keepLeaseAlive(second.id)).toEqual(second);
  expect(model.nextLeaseExpiryMs).toBe(10_000);
  nowMs = 9999;
  model.expireLeases();
  expect(model.revision).toBe(3);
  nowMs = 10_000;
  // Its time is over, though its end has not been agreed on.
  expect(model.keepLeaseAlive(first.id).ttlSeconds).toBe(0);
  model.expireLeases();
  expect(model.range({ range: 'of ', rangeEnd: 'of!' }).found.map(({ lease }) => lease)).toEqual([second.id]);
  expect([model.revision, model.nextLeaseExpiryMs]).toEqual([4, 15_000]);
  expect([model.endLease(second.id), model.endLease(second.id)]).toEqual([true, false]);
  expect([model.revision, model.nextLeaseExpiryMs]).toEqual([5, undefined]);
});

test('the model can be read as a member does that is behind', () => {
  const model = new EtcdModel({ nowMs: () => 0 });
  const { revision } = model.txn(does({ put: 'a', value: '1' }));
  model.txn(does({ put: 'a', value: '2' }));
  const read = { compare: [{ key: 'a', value: '1' }], success: [{ range: 'a' }], failure: [] };
  const stale = model.staleTxn(read, revision);
  expect(stale).toMatchObject({ succeeded: true, revision, results: [{ found: [{ value: '1' }] }] });
  expect(() => model.staleTxn(does({ range: 'a', revision: revision + 1 }), revision)).toThrow('future');
});

test('watches of the model are told at once, a revision at a time, and end where it is compacted', () => {
  const model = new EtcdModel({ nowMs: () => 0 });
  const told: [string, number][] = [];
  const ended: EtcdError[] = [];
  const watch = {
    key: 'a',
    rangeEnd: 'b',
    fromRevision: 2,
    onChanges: (keys: readonly string[], revision: number) => told.push([keys.join(' '), revision]),
    onEnd: (error: EtcdError) => ended.push(error),
  };
  model.txn(does({ put: 'a', value: '1' }));
  const watching = model.watch(watch);
  model.txn(does({ put: 'b', value: '1' }));
  model.txn(does({ delete: 'a' }, { put: 'a2', value: '1' }));
  watching.cancel();
  model.txn(does({ put: 'a', value: '2' }));
  expect(told).toEqual([
    ['a', 2],
    ['a a2', 4],
  ]);
  model.compact(3);
  model.watch(watch);
  expect(ended).toMatchObject([{ code: 'compacted' }]);
});
