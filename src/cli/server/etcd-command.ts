/**
 * What commands on etcd have in common: their options, and a connection that has been looked at.
 */
import { DecodeError } from '../../runtime/decode.ts';
import { systemClock, systemRandom } from '../../runtime/system.ts';
import { Endpoints } from '../../store/etcd/endpoints.ts';
import { EtcdError } from '../../store/etcd/etcd.ts';
import { Gateway } from '../../store/etcd/gateway.ts';
import { Keyspace } from '../../store/etcd/keys.ts';
import { apiErrorOf } from '../../store/etcd/task.ts';
import { UsageError } from '../arguments.ts';
import { look } from './etcd-engine.ts';
import { type EtcdCliOptions, etcdOptionSpecs, etcdOptionsFrom } from './etcd-options.ts';
import { type Environment, type GivenFlags, Settings } from './settings.ts';

const text = { type: 'string' } as const;

export const etcdCommandSpecs = { store: text, ...etcdOptionSpecs, help: { type: 'boolean' } } as const;

export const etcdCommandHelp = `  --etcd-ca PATH              the certificates of the CAs that etcd's certificates must be from, in PEM
  --etcd-user-file PATH       a file with the user and password that etcd knows this program by, as USER:PASSWORD
  --etcd-timeout-ms N         ask another member if one has not answered after so many milliseconds (default 1000)
  --help                      print this text`;

/** How long etcd may be away before a command gives up. */
export const PATIENCE_MS = 60_000;

/** Reads the options about etcd. Throws a UsageError. */
export function etcdCommandFrom(
  command: string,
  flags: GivenFlags,
  environment: Environment,
): EtcdCliOptions {
  const settings = new Settings<keyof typeof etcdCommandSpecs>(flags, environment);
  const options = etcdOptionsFrom(settings, environment['ETCD_USER']);
  if (options === undefined) throw new UsageError(`${command} takes --store etcd://HOST:PORT,.../PREFIX`);
  return options;
}

export interface ConnectedEtcd {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  close(): void;
}

/** Connects, and waits for etcd if it does not answer. Rejects with an Error that says what to do. */
export async function connectEtcd(options: EtcdCliOptions): Promise<ConnectedEtcd> {
  const { endpoints, prefix, gateway, timeoutMs } = options;
  const etcd = new Gateway(gateway);
  await look(etcd, endpoints, prefix, timeoutMs, say, systemClock.nowMs() + PATIENCE_MS);
  return {
    endpoints: new Endpoints({ etcd, endpoints, timeoutMs, clock: systemClock, random: systemRandom }),
    keys: new Keyspace(prefix),
    close: () => etcd.close(),
  };
}

/** For a person at a terminal. */
export const say = (message: string): void => void process.stderr.write(`g-counter-server: ${message}\n`);

/** An error of etcd in the words of the server; any other as it is. */
export function inOurWords(error: unknown): unknown {
  return error instanceof EtcdError || error instanceof DecodeError ? apiErrorOf(error) : error;
}
