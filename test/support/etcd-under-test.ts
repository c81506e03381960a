/** An etcd that a test can ask and maintain: the real one behind its gateway, or the model. */
import { Gateway } from '../../src/store/etcd/gateway.ts';
import type { Endpoint, Etcd } from '../../src/store/etcd/etcd.ts';
import { EtcdModel, type EtcdModelOptions } from '../../src/workbench/etcd/model.ts';
import { EtcdProcess } from './etcd-process.ts';

/** What a test may set. */
export type EtcdSettings = Pick<EtcdModelOptions, 'maxTxnOps' | 'quotaBytes'>;

export interface EtcdUnderTest {
  readonly etcd: Etcd;
  readonly endpoint: Endpoint;
  /** Forgets what was before a revision. */
  compact(revision: number): Promise<void>;
  defragment(): Promise<void>;
  /** Ends the alarm NOSPACE. */
  disarm(): Promise<void>;
  stop(): Promise<void>;
}

/** The model, at a time that stands still. */
export function modelUnderTest(settings: EtcdSettings = {}): EtcdUnderTest {
  const model = new EtcdModel({ nowMs: () => 0, ...settings });
  return {
    etcd: modelEtcd(model),
    endpoint: 'model',
    compact: async (revision) => model.compact(revision),
    defragment: async () => model.defragment(),
    disarm: async () => model.disarmNoSpace(),
    stop: async () => {},
  };
}

/** The model as an endpoint that is always there. */
export const modelEtcd = (model: EtcdModel): Etcd => ({
  txn: async (_, txn) => model.txn(txn),
  grantLease: async (_, ttlSeconds) => model.grantLease(ttlSeconds),
  keepLeaseAlive: async (_, id) => model.keepLeaseAlive(id),
  revokeLease: async (_, id) => model.revokeLease(id),
  status: async () => ({
    version: '3.4.23',
    revision: model.revision,
    dbBytes: model.dbBytes,
    clusterId: '1',
    memberId: '1',
    leaderId: '1',
    alarms: model.alarms,
  }),
  watch: (_, watch) => model.watch(watch),
});

/** A real etcd of its own. */
export async function realEtcdUnderTest({
  maxTxnOps,
  quotaBytes,
}: EtcdSettings = {}): Promise<EtcdUnderTest> {
  const process = await EtcdProcess.start(
    ...(maxTxnOps === undefined ? [] : ['--max-txn-ops', String(maxTxnOps)]),
    ...(quotaBytes === undefined ? [] : ['--quota-backend-bytes', String(quotaBytes)]),
  );
  const { endpoint } = process;
  const gateway = new Gateway({});
  return {
    etcd: gateway,
    endpoint,
    compact: (revision) => maintain(endpoint, 'kv/compaction', { revision: String(revision) }),
    defragment: () => maintain(endpoint, 'maintenance/defragment', {}),
    async disarm() {
      const { memberId: memberID } = await gateway.status(endpoint, 5000);
      await maintain(endpoint, 'maintenance/alarm', { action: 'DEACTIVATE', alarm: 'NOSPACE', memberID });
    },
    async stop() {
      gateway.close();
      await process.stop();
    },
  };
}

/** Asks what the port has no words for. Rejects if etcd refuses. */
export async function maintain(endpoint: Endpoint, path: string, body: object): Promise<void> {
  const options = { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`http://${endpoint}/v3/${path}`, options);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
}
