/** The gateway to a real etcd. */
import { describe } from 'vitest';
import { etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { realEtcdUnderTest } from '../../support/etcd-under-test.ts';
import { etcdConformance } from './conformance.ts';

describe.skipIf(!hasEtcd)(`a real etcd${etcdSuffix}`, () => {
  etcdConformance('the gateway', realEtcdUnderTest);
});
