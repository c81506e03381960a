/**
 * `g-counter-server import --from DIR --store etcd://...`: carries a data directory over to etcd. Whenever it is cut off, it
 * can be repeated, and everything counts once.
 */
import { readdir } from 'node:fs/promises';
import { stderr, stdout } from 'node:process';
import { type GCounter } from '../../crdt/g-counter.ts';
import { carriedOver, carriedOverAs } from '../../crdt/carried-over.ts';
import { asError } from '../../runtime/error.ts';
import type { Files } from '../../runtime/files.ts';
import { uniqueIntegers } from '../../runtime/random.ts';
import { afterThisTurn, systemClock, systemRandom, wallClockMs } from '../../runtime/system.ts';
import { type Directory, readDirectory } from '../../store/disk/directory.ts';
import { DiskStore } from '../../store/disk/disk-store.ts';
import { lockDirectory } from '../../store/disk/lock.ts';
import { openDirectory } from '../../store/disk/system-files.ts';
import { BulkMerge, MAX_TOTALS_IN_BULK } from '../../store/etcd/bulk-merge.ts';
import { UsageError, parseOptions } from '../arguments.ts';
import { dataDirError } from './data-dir-error.ts';
import {
  type ConnectedEtcd,
  PATIENCE_MS,
  connectEtcd,
  etcdCommandFrom,
  etcdCommandHelp,
  etcdCommandSpecs,
  inOurWords,
  say,
} from './etcd-command.ts';
import { Progress } from './progress.ts';
import type { Environment } from './settings.ts';

export const importHelp = `Usage: g-counter-server import --from DIR --store etcd://HOST:PORT,.../PREFIX [options]

Carries the counters of a data directory over to etcd. The server on DIR must be stopped; servers on etcd can count
meanwhile. Cut off at any point, it can be repeated, and so it can when DIR has been counted on: everything counts once.

In etcd, DIR counts as NODE-ID~RANDOM, the replica id that DIR has or is given now. Totals of other nodes keep their
names, but node-2 becomes node-2~1, since a server on etcd may count as node-2. A lower bound that is ahead of the sum
becomes part of DIR's own total. Idempotency keys are not carried over: a request that DIR has answered must not be
retried on etcd.

  --from DIR                  the data directory
  --store STORE               where to: etcd://HOST:PORT,HOST:PORT,.../PREFIX; etcds:// for TLS
${etcdCommandHelp}

Of a directory and a copy or restored backup of it, import one. Of the servers of a cluster one is enough once they
agree, and several do no harm.

Try it:
  g-counter-server import --from data --store etcd://localhost:2379/g-counter
  g-counter-server --store etcd://localhost:2379/g-counter`;

/** Does it. Throws a UsageError, or an Error that says why it was not done, or not to the end. */
export async function importDirectory(args: string[], environment: Environment): Promise<void> {
  const { values } = parseOptions(args, { from: { type: 'string' }, ...etcdCommandSpecs }, false);
  if (values.help === true) return void stdout.write(`${importHelp}\n`);
  const { from } = values;
  if (from === undefined || from === '') throw new UsageError('import takes --from DIR, a data directory');
  const options = etcdCommandFrom('import', values, environment);
  await checkIsThere(from);
  const explain = (error: unknown): never => {
    throw dataDirError(error, from);
  };
  const lock = await lockDirectory(from, uniqueIntegers(systemRandom)().toString(36)).catch(explain);
  try {
    const files = await openDirectory(from);
    const found = await readDirectory(files, pause).catch(explain);
    if (found === undefined) throw new Error(`${from} is no data directory: nobody has counted in it`);
    const etcd = await connectEtcd(options);
    const directory = await withOwnReplicaId(files, found).catch(explain);
    const total = directory.counters.size;
    const created = await carryOver(directory, etcd).catch((error: unknown) => {
      const { message } = asError(inOurWords(error));
      throw new Error(`${message}; it is safe to repeat the import: everything counts once`, {
        cause: error,
      });
    });
    etcd.close();
    const name = carriedOverAs(directory.identity);
    stdout.write(
      `${from}: ${total} counters are in etcd, ${total - created} were there already; this directory counts there as ${name}\n`,
    );
  } finally {
    await lock.release();
  }
}

async function checkIsThere(directory: string): Promise<void> {
  await readdir(directory).catch((error: unknown) => {
    throw new UsageError(`--from ${directory} cannot be read: ${asError(error).message}`);
  });
}

const pause = (): Promise<void> => new Promise(afterThisTurn);

/**
 * The directory under a random replica id of its own. Nothing else in it is certain to be in no other: directories of
 * different machines can have the same node id, and even files with the same fingerprints. One that has none, or is a copy,
 * takes one as it does when it enters a cluster, and that is on the disk before anything is in etcd under it.
 */
async function withOwnReplicaId(files: Files, found: Directory): Promise<Directory> {
  if (found.isUnique) return found;
  const store = await DiskStore.open({
    files,
    nodeId: undefined,
    limits: {
      maxCounters: Infinity,
      maxNodes: Infinity,
      windowMs: Infinity,
      maxIdempotencyRecords: Infinity,
    },
    clock: systemClock,
    random: systemRandom,
    wallClockMs,
    afterThisTurn,
    warn: say,
    onFailure: (error) => say(`the disk has failed: ${asError(error).message}`),
    onCommit: () => {},
  });
  await store.useRandomReplicaId();
  await store.close();
  const after = await readDirectory(files, pause);
  if (after?.isUnique !== true) throw new Error('the directory could not be given a replica id of its own');
  return after;
}

/** Resolves with how many of the counters were not in etcd before. */
async function carryOver(directory: Directory, { endpoints, keys }: ConnectedEtcd): Promise<number> {
  const { counters, identity } = directory;
  const nowMs = (): number => systemClock.nowMs();
  const merge = await BulkMerge.open({
    endpoints,
    keys,
    creator: carriedOverAs(identity),
    patienceMs: PATIENCE_MS,
    nowMs,
  });
  const [startMs, createdBefore] = [nowMs(), merge.created];
  let done = 0;
  const progress = new Progress(stderr, () => {
    const perSecond = Math.round((done * 1000) / (nowMs() - startMs));
    return `import: ${done} of ${counters.size} counters, ${perSecond}/s`;
  });
  try {
    let batch = new Map<string, GCounter>();
    let from = 0;
    for (const counter of counters.list('')) {
      const totals = [...carriedOver(directory, counter)];
      for (let at = 0; at < totals.length; at += MAX_TOTALS_IN_BULK) {
        if (batch.size === BATCH_COUNTERS || at > 0) {
          await merge.merge(batch);
          done += from;
          from = 0;
          batch = new Map();
        }
        batch.set(counter.key, new Map(totals.slice(at, at + MAX_TOTALS_IN_BULK)));
      }
      from++;
    }
    await merge.merge(batch);
  } finally {
    progress.end();
  }
  return merge.created - createdBefore;
}

/** What one transaction can create. */
const BATCH_COUNTERS = 119;
