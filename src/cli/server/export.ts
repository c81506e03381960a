/**
 * `g-counter-server export --store etcd://...`: prints all counters in etcd, as they are at one moment, in the form of
 * counters.json.
 */
import { stdout } from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asError } from '../../runtime/error.ts';
import { systemClock } from '../../runtime/system.ts';
import { snapshotText } from '../../store/disk/snapshot.ts';
import { allCounters } from '../../store/etcd/all-counters.ts';
import { EtcdError } from '../../store/etcd/etcd.ts';
import { parseOptions } from '../arguments.ts';
import {
  PATIENCE_MS,
  connectEtcd,
  etcdCommandFrom,
  etcdCommandHelp,
  etcdCommandSpecs,
  inOurWords,
} from './etcd-command.ts';
import type { Environment } from './settings.ts';

export const exportHelp = `Usage: g-counter-server export --store etcd://HOST:PORT,.../PREFIX [options] > FILE

Prints all counters in etcd as JSON, sorted by key, as they are at one moment: {"KEY": {"NAME": TOTAL, ...}, ...}. The
value of a counter is the sum of its totals. Servers can count meanwhile. If it fails it says so, ends with status 1, and
what it has printed is no JSON.

  --store STORE               where from: etcd://HOST:PORT,HOST:PORT,.../PREFIX; etcds:// for TLS
${etcdCommandHelp}

Try it:
  g-counter-server export --store etcd://localhost:2379/g-counter > counters.json`;

/** Does it. Throws a UsageError, or an Error that says why what was printed is not complete. */
export async function exportCounters(args: string[], environment: Environment): Promise<void> {
  const { values } = parseOptions(args, etcdCommandSpecs, false);
  if (values.help === true) return void stdout.write(`${exportHelp}\n`);
  const options = etcdCommandFrom('export', values, environment);
  const etcd = await connectEtcd({ ...options, timeoutMs: Math.max(options.timeoutMs, PAGE_TIMEOUT_MS) });
  const pages = allCounters(etcd.endpoints, etcd.keys, () => systemClock.nowMs() + PATIENCE_MS);
  try {
    await pipeline(Readable.from(snapshotText(pages)), stdout, { end: false });
  } catch (error) {
    throw new Error(`${reasonOf(error)}; what was printed is cut off, and no JSON`, { cause: error });
  } finally {
    etcd.close();
  }
}

/** What etcd may take for a page of a large store. */
const PAGE_TIMEOUT_MS = 10_000;

const reasonOf = (error: unknown): string =>
  error instanceof EtcdError && error.code === 'compacted'
    ? 'etcd was compacted while its counters were read: repeat this, or give it a longer --auto-compaction-retention'
    : asError(inOurWords(error)).message;
