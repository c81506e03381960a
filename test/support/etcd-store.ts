import { silent } from '../../src/runtime/log.ts';
import { afterThisTurn, systemClock, systemRandom } from '../../src/runtime/system.ts';
import { EtcdStore, type EtcdStoreOptions } from '../../src/store/etcd/etcd-store.ts';

/** Opens a store in real time, which is not to fail, with other settings where a test has any. */
export const openEtcdStore = (
  settings: Pick<EtcdStoreOptions, 'etcd' | 'endpoints'> & Partial<EtcdStoreOptions>,
): Promise<EtcdStore> =>
  EtcdStore.open({
    prefix: '',
    timeoutMs: 5000,
    nodeId: undefined,
    at: 'here:8080',
    limits: { maxCounters: 10_000, maxNodes: 1000, windowMs: 600_000, maxIdempotencyRecords: 10_000 },
    clock: systemClock,
    random: systemRandom,
    afterThisTurn,
    info: silent,
    warn: silent,
    onFailure: (error) => {
      throw error;
    },
    onRead: () => {},
    onCommit: () => {},
    ...settings,
  });
