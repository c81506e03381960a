/** The gateway to a real etcd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gateway, type GatewayOptions } from '../../../src/store/etcd/gateway.ts';
import { Client, codeOf } from '../../support/etcd-client.ts';
import { etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { type EtcdUnderTest, maintain, realEtcdUnderTest } from '../../support/etcd-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { etcdConformance } from './conformance.ts';

describe.skipIf(!hasEtcd)(`a real etcd${etcdSuffix}`, () => {
  etcdConformance('the gateway', realEtcdUnderTest);

  describe('that asks for authentication', () => {
    let etcd: EtcdUnderTest;
    const gateways: Gateway[] = [];

    beforeAll(async () => {
      etcd = await realEtcdUnderTest();
      const { endpoint } = etcd;
      for (const name of ['root', 'nobody']) {
        await maintain(endpoint, 'auth/user/add', { name, password: 'secret' });
      }
      await maintain(endpoint, 'auth/role/add', { name: 'root' });
      await maintain(endpoint, 'auth/user/grant', { user: 'root', role: 'root' });
      await maintain(endpoint, 'auth/enable', {});
    });

    afterAll(async () => {
      for (const gateway of gateways) gateway.close();
      await etcd.stop();
    });

    const clientOf = (user: GatewayOptions['user']): Client => {
      const gateway = new Gateway({ user });
      gateways.push(gateway);
      return new Client({ ...etcd, etcd: gateway }, 'test/');
    };

    test('a user who may is served', async () => {
      const client = clientOf({ name: 'root', password: 'secret' });
      const { revision } = await client.put('a', '1');
      expect(await client.texts({ range: client.key('a') })).toEqual(['a=1']);
      const { id } = await client.grantLease(60);
      expect((await client.keepLeaseAlive(id)).ttlSeconds).toBe(60);
      expect((await client.status()).alarms).toEqual([]);
      const told = client.watch(revision);
      await eventually(() => expect(told.keys).toEqual(['a']));
      told.cancel();
    });

    test.each([
      ['no user', undefined],
      ['a wrong password', { name: 'root', password: 'wrong' }],
      ['an unknown user', { name: 'unknown', password: 'secret' }],
      ['a user without permissions', { name: 'nobody', password: 'secret' }],
    ])('%s is refused', async (_, user) => {
      const client = clientOf(user);
      expect(await codeOf(client.put('a', '1'))).toBe('unauthenticated');
      expect(await codeOf(client.range({ range: client.key('a') }))).toBe('unauthenticated');
    });
  });
});
