import { expect, test } from 'vitest';
import { Endpoints } from '../../../src/store/etcd/endpoints.ts';
import { EtcdHealth } from '../../../src/store/etcd/etcd-health.ts';
import { type Etcd, EtcdError, type Status } from '../../../src/store/etcd/etcd.ts';
import { EtcdModel } from '../../../src/workbench/etcd/model.ts';
import { streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { modelEtcd } from '../../support/etcd-under-test.ts';

const clock = new VirtualClock();

/** The health of an etcd whose members a, b and c tell their status so. */
function healthOf(status: (endpoint: string, well: Status) => Promise<Status>): EtcdHealth {
  const model = modelEtcd(new EtcdModel({ nowMs: () => 0 }));
  const etcd: Etcd = {
    ...model,
    status: async (endpoint) => status(endpoint, await model.status(endpoint, 0)),
  };
  const random = streams(1)('endpoints');
  return new EtcdHealth(
    new Endpoints({ etcd, endpoints: ['a', 'b', 'c'], timeoutMs: 1000, clock, random }),
    clock,
  );
}

test('the health of etcd is told within two seconds, however long its members take', async () => {
  const health = healthOf(
    (endpoint) =>
      new Promise((_, reject) => {
        clock.after(1900, () => reject(new EtcdError('timeout', `${endpoint} does not answer`)));
      }),
  );
  const startMs = clock.nowMs();
  expect(await clock.run(health.fault())).toMatchObject({ code: 'etcd-unavailable' });
  expect(clock.nowMs() - startMs).toBe(2000);
});

test('etcd is well if a member knows a leader, even if others know none', async () => {
  const health = healthOf(async (endpoint, well) =>
    endpoint === 'b' ? well : Object.assign({}, well, { leaderId: '0' }),
  );
  expect(await clock.run(health.fault())).toBeUndefined();
});

test('etcd of which no member knows a leader is not there', async () => {
  const health = healthOf(async (_, well) => Object.assign({}, well, { leaderId: '0' }));
  expect(await clock.run(health.fault())).toMatchObject({
    code: 'etcd-unavailable',
    message: expect.stringMatching(/leader/),
  });
});

test('a full etcd says how it can be helped', async () => {
  const health = healthOf(async (_, well) => Object.assign({}, well, { alarms: ['NOSPACE'] }));
  expect(await clock.run(health.fault())).toMatchObject({
    code: 'etcd-full',
    message: expect.stringMatching(/compact/),
  });
});
