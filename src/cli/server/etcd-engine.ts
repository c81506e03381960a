/**
 * The etcd engine as the server runs it: looks at etcd before it counts there, and waits for it if it does not answer.
 */
import { hostname } from 'node:os';
import { formatAddress } from '../../cluster/address.ts';
import { asError } from '../../runtime/error.ts';
import { afterThisTurn, systemClock, systemRandom } from '../../runtime/system.ts';
import { EtcdStore } from '../../store/etcd/etcd-store.ts';
import { Gateway } from '../../store/etcd/gateway.ts';
import { checkEtcd } from '../../store/etcd/startup-checks.ts';
import type { StoreLimits } from '../../store/store.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { etcdFigures } from './etcd-figures.ts';
import type { EtcdCliOptions } from './etcd-options.ts';

/** How long until etcd is asked again that has not answered at the start. */
const RETRY_MS = 1000;

/** Opens the store. Rejects with an error that says what to do; waits as long as no member of etcd answers. */
export async function startEtcdEngine(
  { endpoints, prefix, gateway: settings, timeoutMs }: EtcdCliOptions,
  nodeId: string | undefined,
  limits: StoreLimits,
  { port, metrics, info, warn, error, stop }: EngineOptions,
): Promise<Engine> {
  const etcd = new Gateway(settings);
  await look(etcd, endpoints, prefix, timeoutMs, warn);
  let hasFailed = false;
  const store = await EtcdStore.open({
    etcd,
    endpoints,
    prefix,
    timeoutMs,
    nodeId,
    at: formatAddress({ host: hostname(), port }),
    limits,
    clock: systemClock,
    random: systemRandom,
    afterThisTurn,
    info,
    warn,
    onCommit: (increments, durationMs) => metrics.commit(increments, durationMs),
    onFailure: (why) => {
      error(`the server has made a mistake and counts no more: ${asError(why).message}`);
      hasFailed = true;
      stop();
    },
    onRead: (durationMs) => metrics.read(durationMs),
  });
  return {
    store,
    cluster: undefined,
    figures: () => etcdFigures(store.statistics),
    details: { etcd: endpoints.join(','), prefix },
    get hasFailed() {
      return hasFailed;
    },
    useTls: () => {},
    leave: () => Promise.resolve(),
    async close() {
      await store.close();
      etcd.close();
    },
  };
}

/**
 * Says what is wrong with etcd, when one of its members answers. Throws an Error if nothing must be counted there like this,
 * or if none has answered when `untilMs` has come.
 */
export async function look(
  etcd: Gateway,
  endpoints: readonly string[],
  prefix: string,
  timeoutMs: number,
  warn: (text: string) => void,
  untilMs = Infinity,
): Promise<void> {
  const quotaBytes = (endpoint: string): Promise<number | undefined> => etcd.quotaBytes(endpoint, timeoutMs);
  for (let attempts = 0; ; attempts++) {
    const findings = await checkEtcd(etcd, endpoints, prefix, timeoutMs, quotaBytes);
    if (findings === undefined) {
      if (systemClock.nowMs() >= untilMs) throw new Error(`etcd does not answer at ${endpoints.join(', ')}`);
      if (attempts === 0) warn(`etcd does not answer at ${endpoints.join(', ')}: waiting for it`);
      await new Promise<void>((resolve) => void systemClock.after(RETRY_MS, resolve));
      continue;
    }
    const fatal = findings.find(({ isFatal }) => isFatal);
    if (fatal !== undefined) throw new Error(fatal.message);
    for (const { message } of findings) warn(message);
    return;
  }
}
