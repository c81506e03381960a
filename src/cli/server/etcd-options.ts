/**
 * The flags about etcd: which of its members to ask, below which prefix, and how to be known to it.
 */
import { formatAddress, parseAddress } from '../../cluster/address.ts';
import { nameFault } from '../../crdt/names.ts';
import type { Endpoint } from '../../store/etcd/etcd.ts';
import type { GatewayOptions } from '../../store/etcd/gateway.ts';
import { UsageError, contentFrom, listFrom, written } from '../arguments.ts';
import type { Settings } from './settings.ts';
import { certificateIn } from './tls-files.ts';

export interface EtcdCliOptions {
  /** At least one. */
  readonly endpoints: readonly Endpoint[];
  /** Ends in a slash. */
  readonly prefix: string;
  readonly gateway: GatewayOptions;
  /** How long an endpoint may take to answer. */
  readonly timeoutMs: number;
}

export const etcdHelp = `Servers on etcd keep nothing themselves: any number of them count together, and clients may ask any of them. They have
no peers, and are refused the options of the cluster above and --data-dir.
  --store STORE               where counters are kept: disk (the default), or in etcd, by its members and a prefix that
                              servers of the same counters share: etcd://HOST:PORT,HOST:PORT,.../PREFIX; etcds:// for
                              TLS (default port 2379, default prefix g-counter)
  --etcd-ca PATH              the certificates of the CAs that etcd's certificates must be from, in PEM (default: those
                              that Node.js trusts)
  --etcd-user-file PATH       a file with the user and password that etcd knows this server by, as USER:PASSWORD
  --etcd-timeout-ms N         ask another member if one has not answered after so many milliseconds (default 1000)`;

const text = { type: 'string' } as const;

export const etcdOptionSpecs = { 'etcd-ca': text, 'etcd-user-file': text, 'etcd-timeout-ms': text } as const;

type Flag = 'store' | keyof typeof etcdOptionSpecs;

/** Where the values of flags come from. */
type Values = Pick<Settings<Flag>, 'text' | 'nameOf' | 'count'>;

/**
 * Reads the flags of the store and of etcd; undefined if the store is a disk. `user` is USER:PASSWORD from the environment.
 * Throws a UsageError.
 */
export function etcdOptionsFrom(values: Values, user: string | undefined): EtcdCliOptions | undefined {
  const store = values.text('store') ?? 'disk';
  const name = written(values.nameOf('store'));
  if (store === 'disk') return undefined;
  const [, scheme, authorities = '', path = ''] = /^(etcds?):\/\/([^/]*)(?:\/(.*))?$/is.exec(store) ?? [];
  if (scheme === undefined) {
    throw new UsageError(`${name} takes disk, or etcd://HOST:PORT,.../PREFIX, not '${store}'`);
  }
  if (authorities.includes('@')) {
    throw new UsageError(`${name} takes no user: everybody would see the password; give --etcd-user-file`);
  }
  const endpoints = listFrom(authorities).map((endpoint) => endpointFrom(name, endpoint));
  if (endpoints.length === 0) throw new UsageError(`${name} names no member of etcd: '${store}'`);
  const isTls = scheme.toLowerCase() === 'etcds';
  const ca = values.text('etcd-ca');
  if (ca !== undefined && !isTls) {
    throw new UsageError(`${written(values.nameOf('etcd-ca'))} is given with --store etcds://...`);
  }
  return {
    endpoints: [...new Set(endpoints)],
    prefix: `${prefixFrom(name, path)}/`,
    gateway: {
      ca: isTls ? caFrom(values.nameOf('etcd-ca'), ca) : null,
      user: userFrom(values, user),
    },
    timeoutMs: values.count('etcd-timeout-ms', 1000, { min: 50, max: 60_000 }),
  };
}

const DEFAULT_PORT = 2379;

function endpointFrom(name: string, endpoint: string): Endpoint {
  const parsed = parseAddress(endpoint) ?? parseAddress(`${endpoint}:${DEFAULT_PORT}`);
  if (parsed !== undefined) return formatAddress(parsed);
  throw new UsageError(`${name} takes members of etcd as HOST:PORT, not '${endpoint}'`);
}

const DEFAULT_PREFIX = 'g-counter';

function prefixFrom(name: string, path: string): string {
  const prefix = path.replace(/\/$/, '');
  if (prefix === '') return DEFAULT_PREFIX;
  const why = nameFault(prefix);
  if (why !== undefined) throw new UsageError(`${name}: the prefix ${why}`);
  return prefix;
}

/** Undefined for the CAs that Node.js trusts. */
function caFrom(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const pem = contentFrom(name, path);
  certificateIn(`${written(name)} ${path}`, pem);
  return pem;
}

function userFrom(values: Values, inEnvironment: string | undefined): GatewayOptions['user'] {
  const path = values.text('etcd-user-file');
  const name = values.nameOf('etcd-user-file');
  const source = path === undefined ? 'ETCD_USER' : `${written(name)} ${path}`;
  const user = path === undefined ? inEnvironment : contentFrom(name, path);
  if (user === undefined || user === '') return undefined;
  const [, userName, password] = /^([^:\n]+):([^\n]*)$/.exec(user) ?? [];
  if (userName === undefined || password === undefined) {
    throw new UsageError(`${source} must hold a user and a password, as USER:PASSWORD`);
  }
  return { name: userName, password };
}
