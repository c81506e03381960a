import { expect, test } from 'vitest';
import { EtcdError } from '../../../src/store/etcd/etcd.ts';
import { EtcdModel } from '../../../src/workbench/etcd/model.ts';
import { streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { openEtcdStore } from '../../support/etcd-store.ts';
import { modelEtcd } from '../../support/etcd-under-test.ts';

test('a server says once that it cannot claim a slot, however its endpoints put it', async () => {
  const clock = new VirtualClock();
  const model = modelEtcd(new EtcdModel({ nowMs: () => clock.nowMs() }));
  const said: string[] = [];
  const open = openEtcdStore({
    etcd: {
      ...model,
      txn: (endpoint, txn, timeoutMs) =>
        clock.nowMs() < 600_000
          ? Promise.reject(new EtcdError('unreachable', `${endpoint}: no connection at ${clock.nowMs()}`))
          : model.txn(endpoint, txn, timeoutMs),
    },
    endpoints: ['a', 'b', 'c'],
    timeoutMs: 1000,
    clock,
    random: streams(1)('endpoints'),
    info: (text) => said.push(text),
    warn: (text) => said.push(text),
  });
  const store = await clock.run(open);
  expect(said).toEqual([
    expect.stringMatching(/^no slot can be claimed, trying again: [abc]: no connection at /),
    'counting under node-1',
  ]);
  await clock.run(store.close());
});
