/**
 * What is looked at before a server counts on etcd: whether its members are those of one cluster, and of a version that
 * will do; and what will hurt later, so that an operator hears of it while it is cheap to mend.
 */
import type { Endpoint, Etcd, Status, Txn } from './etcd.ts';
import { EtcdError, isIndefinite } from './etcd.ts';
import { Keyspace } from './keys.ts';
import { NO_SPACE } from './task.ts';

export interface Finding {
  /** Whether a server must not start like this. */
  readonly isFatal: boolean;
  readonly message: string;
}

/** The first version whose gateway has the paths that are asked for. */
const OLDEST = [3, 4] as const;
/** From how much of the quota on an operator hears of it. */
const NEARLY_FULL = 0.8;
/** So many revisions are a few minutes of work; etcd that compacts by itself does not keep more for long. */
const MANY_REVISIONS = 100_000;

/**
 * Looks at the members of etcd. Resolves with what is wrong, or will be; undefined if no member answers. `quotaBytes`
 * resolves with the quota of a member, if it tells.
 */
export async function checkEtcd(
  etcd: Etcd,
  endpoints: readonly Endpoint[],
  prefix: string,
  timeoutMs: number,
  quotaBytes: (endpoint: Endpoint) => Promise<number | undefined>,
): Promise<Finding[] | undefined> {
  const findings: Finding[] = [];
  const warn = (message: string): void => void findings.push({ isFatal: false, message });
  const refuse = (message: string): void => void findings.push({ isFatal: true, message });
  const statuses = new Map<Endpoint, Status>();
  const ask = async (endpoint: Endpoint): Promise<void> => {
    try {
      statuses.set(endpoint, await etcd.status(endpoint, timeoutMs));
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      if (isIndefinite(error)) warn(`etcd at ${endpoint} does not answer: ${error.message}`);
      else refuse(`etcd at ${endpoint} refuses: ${error.message}${remedyOf(error)}`);
    }
  };
  await Promise.all(endpoints.map(ask));
  const [first] = statuses;
  if (first === undefined) return findings.some(({ isFatal }) => isFatal) ? findings : undefined;
  const [endpoint, { clusterId, revision }] = first;
  const refusal = await refusalOf(etcd, endpoint, prefix, timeoutMs);
  if (refusal !== undefined) refuse(`etcd at ${endpoint} refuses: ${refusal.message}${remedyOf(refusal)}`);
  for (const [other, status] of statuses) {
    if (status.clusterId !== clusterId)
      refuse(`etcd at ${endpoint} and etcd at ${other} are not members of one cluster`);
    if (isOlder(status.version))
      refuse(`etcd at ${other} is version ${status.version}: 3.4 or later is needed`);
  }
  if ([...statuses.values()].some(({ alarms }) => alarms.includes('NOSPACE'))) warn(NO_SPACE);
  else {
    const full = await fullnessOf([...statuses], quotaBytes);
    if (full !== undefined) warn(full);
  }
  if (revision > MANY_REVISIONS && (await keepsEverything(etcd, endpoint, timeoutMs))) {
    warn(
      `etcd has kept all of its ${revision} revisions, and fills its quota with them: start its members with --auto-compaction-retention=5m`,
    );
  }
  return findings;
}

/** Why etcd lets this server not read and write below its prefix. Anybody is told a status. */
async function refusalOf(
  etcd: Etcd,
  endpoint: Endpoint,
  prefix: string,
  timeoutMs: number,
): Promise<EtcdError | undefined> {
  try {
    await etcd.txn(endpoint, accessTo(prefix), timeoutMs);
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    if (error.code === 'unauthenticated') return error;
  }
  return undefined;
}

/** A transaction that changes nothing, since its comparisons contradict each other, but takes the right to. */
function accessTo(prefix: string): Txn {
  const keys = new Keyspace(prefix);
  const key = keys.live('');
  return {
    compare: [
      { key, isAbsent: true },
      { key, value: 'present' },
    ],
    success: [{ put: key, value: '' }],
    failure: [{ ...keys.all('c'), limit: 1 }],
  };
}

const remedyOf = ({ code }: EtcdError): string =>
  code === 'unauthenticated' ? '; see --etcd-user-file' : '';

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

async function fullnessOf(
  statuses: readonly (readonly [Endpoint, Status])[],
  quotaBytes: (endpoint: Endpoint) => Promise<number | undefined>,
): Promise<string | undefined> {
  for (const [endpoint, { dbBytes }] of statuses) {
    const quota = (await quotaBytes(endpoint)) ?? Infinity;
    if (dbBytes < quota * NEARLY_FULL) continue;
    const percent = Math.round((dbBytes / quota) * 100);
    return `the database of etcd at ${endpoint} has ${percent} % of its quota: defragment it, or start its members with a larger --quota-backend-bytes`;
  }
  return undefined;
}

/** Whether the first revisions are still there. */
async function keepsEverything(etcd: Etcd, endpoint: Endpoint, timeoutMs: number): Promise<boolean> {
  const success = [{ range: 'compacted?', revision: 2 }];
  try {
    await etcd.txn(endpoint, { compare: [], success, failure: [] }, timeoutMs);
    return true;
  } catch (error) {
    if (error instanceof EtcdError) return false;
    throw error;
  }
}
