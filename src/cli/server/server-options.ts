/**
 * The flags and environment variables of g-counter-server, and its help text.
 */
import { isIP } from 'node:net';
import { parseAddress } from '../../cluster/address.ts';
import { nameFault } from '../../crdt/names.ts';
import { UsageError, contentFrom, hostNamesFrom, listFrom, parseOptions, written } from '../arguments.ts';
import {
  type ClusterCliOptions,
  clusterHelp,
  clusterOptionSpecs,
  clusterOptionsFrom,
} from './cluster-options.ts';
import { type EtcdCliOptions, etcdHelp, etcdOptionSpecs, etcdOptionsFrom } from './etcd-options.ts';
import { type Environment, Settings } from './settings.ts';
import { TlsFiles, tlsHelp, tlsOptionSpecs } from './tls-files.ts';
import { TokensFile } from './tokens-file.ts';

export interface ServerCliOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined to take the one in the data directory, or the lowest slot that is free. */
  readonly nodeId: string | undefined;
  readonly engine: EngineCliOptions;
  readonly token: string | undefined;
  readonly tokensFile: TokensFile;
  readonly tls: TlsFiles;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly maxCounters: number;
  readonly maxNodes: number;
  readonly maxConnections: number;
  readonly maxWatchers: number;
  readonly idempotencyWindowMs: number;
  readonly maxIdempotencyKeys: number;
  readonly verbose: boolean;
  readonly version: boolean;
  readonly help: boolean;
  /** For the log: which variables are ignored, and why. */
  readonly warnings: readonly string[];
}

/** What belongs to the store that counters are kept in. */
export type EngineCliOptions = DiskCliOptions | ({ readonly store: 'etcd' } & EtcdCliOptions);

export interface DiskCliOptions {
  readonly store: 'disk';
  readonly dataDir: string;
  readonly cluster: ClusterCliOptions;
}

export const serverHelp = `Usage: g-counter-server [options]
       g-counter-server restore DIR < FILE
       g-counter-server import --from DIR --store etcd://HOST:PORT,.../PREFIX
       g-counter-server export --store etcd://HOST:PORT,.../PREFIX

Named counters over HTTP. An increment is answered when it is stored; none is lost, none counted twice.
With restore, makes a data directory of a backup, which GET /backup gives. With import, carries a data directory over to
etcd; with export, prints all counters in etcd. Each of the three has a --help of its own.

  --port N                    listen on this port (default 8080; 0 for any free port)
  --host ADDRESS              listen on this address (default 127.0.0.1; 0.0.0.0 or :: for all)
  --node-id ID                the node id that this server counts under (default node-1); kept in the data directory
  --data-dir PATH             the directory that counters are kept in (default data); created if it does not exist
  --token-file PATH           a file with a token that requests to increment, merge, sync, register and remove
                              must present as Authorization: Bearer TOKEN
  --tokens-file PATH          a file with further tokens, for pages and others that only count: a line
                              'TOKEN increment PREFIX' permits to increment the counters whose keys begin with the
                              prefix. SIGHUP reads it again
  --allow-origin ORIGIN       let pages of this origin use the server from a browser, e.g. https://example.org;
                              several are separated by commas, * stands for all
  --allow-host NAME           be asked by this name too, e.g. count.example.org; several are separated by commas. On a
                              loopback address, other names than localhost are refused (421); elsewhere all are
                              taken unless this is given
  --max-counters N            how many counters there can be (default 2000000)
  --max-nodes N               how many totals, of different nodes, a counter can have (default 1000)
  --max-connections N         how many connections can be open (default 10000)
  --max-watchers N            how many of them can watch for changes (default 1000)
  --idempotency-window-s N    how long idempotency keys are remembered, in seconds (default 600)
  --max-idempotency-keys N    how many are remembered; further ones are refused (default 1000000)

${clusterHelp}

${etcdHelp}

${tlsHelp}

  --verbose                   log every request
  --version                   print the version
  --help                      print this text

Each option except --host can also be given in the environment: --data-dir as DATA_DIR, --port as PORT, and so on; the
token itself as TOKEN, the key of the cluster as CLUSTER_KEY, etcd's user and password as ETCD_USER. The command line
takes precedence.

Try it:
  g-counter-server &
  curl -X POST http://localhost:8080/counter/incr/mykey -H 'Content-Type: application/json' -d '{"amount": 5}'
  curl http://localhost:8080/counter/mykey`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const specs = {
  port: text,
  host: text,
  'node-id': text,
  store: text,
  'data-dir': text,
  'token-file': text,
  'tokens-file': text,
  'allow-origin': text,
  'allow-host': text,
  'max-counters': text,
  'max-nodes': text,
  'max-connections': text,
  'max-watchers': text,
  'idempotency-window-s': text,
  'max-idempotency-keys': text,
  ...clusterOptionSpecs,
  ...etcdOptionSpecs,
  ...tlsOptionSpecs,
  verbose: flag,
  version: flag,
  help: flag,
};

/** Reads the command line and the environment. Throws a UsageError. */
export function serverOptionsFrom(args: string[], environment: Environment): ServerCliOptions {
  const { values } = parseOptions(args, specs, false);
  const settings = new Settings<keyof typeof specs>(values, environment);
  const count = (name: keyof typeof specs, fallback: number, max: number, min = 1): number =>
    settings.count(name, fallback, { min, max });
  const host = hostFrom(settings.text('host') ?? '127.0.0.1');
  const token = tokenFrom(settings, environment['TOKEN']);
  return {
    host,
    port: count('port', 8080, 65_535, 0),
    nodeId: nodeIdFrom(settings),
    engine: engineFrom(settings, host, token, environment),
    token,
    tokensFile: new TokensFile(settings, token),
    tls: new TlsFiles(settings),
    allowedOrigins: originsFrom(settings),
    allowedHosts: hostNamesFrom(settings.nameOf('allow-host'), settings.text('allow-host') ?? ''),
    maxCounters: count('max-counters', 2_000_000, 10_000_000),
    maxNodes: count('max-nodes', 1000, 100_000),
    maxConnections: count('max-connections', 10_000, 1_000_000),
    maxWatchers: count('max-watchers', 1000, 1_000_000),
    idempotencyWindowMs: count('idempotency-window-s', 600, 1_000_000) * 1000,
    maxIdempotencyKeys: count('max-idempotency-keys', 1_000_000, 10_000_000),
    verbose: settings.isSet('verbose'),
    version: values.version ?? false,
    help: values.help ?? false,
    warnings: settings.warnings,
  };
}

type ServerSettings = Settings<keyof typeof specs>;

function engineFrom(
  settings: ServerSettings,
  host: string,
  token: string | undefined,
  environment: Environment,
): EngineCliOptions {
  const etcd = etcdOptionsFrom(settings, environment['ETCD_USER']);
  if (etcd !== undefined) {
    settings.refuse(['data-dir', ...Object.keys(clusterOptionSpecs)], 'is for --store disk');
    return { store: 'etcd', ...etcd };
  }
  settings.refuse(Object.keys(etcdOptionSpecs), 'is for --store etcd://...');
  return {
    store: 'disk',
    dataDir: settings.text('data-dir') ?? 'data',
    cluster: clusterOptionsFrom(settings, { host, key: environment['CLUSTER_KEY'], token }),
  };
}

/** Of the spellings of an address, brackets included, returns the one by which loopback is known. */
function hostFrom(host: string): string {
  const parsed = parseAddress(isIP(host) === 6 ? `[${host}]:1` : `${host}:1`);
  if (parsed !== undefined) return parsed.host;
  throw new UsageError(`--host takes an address or a name, without a port, not '${host}'`);
}

/** Leaves room for the suffix of a replica id. */
const MAX_NODE_ID_BYTES = 240;

function nodeIdFrom(settings: ServerSettings): string | undefined {
  const id = settings.text('node-id');
  if (id === undefined) return undefined;
  const why = id.includes('~')
    ? "has a '~', which separates the suffix in replica ids"
    : nameFault(id, MAX_NODE_ID_BYTES);
  if (why !== undefined) throw new UsageError(`${written(settings.nameOf('node-id'))} ${why}`);
  return id;
}

function tokenFrom(settings: ServerSettings, inEnvironment: string | undefined): string | undefined {
  const path = settings.text('token-file');
  if (path === undefined) return inEnvironment ? checkedToken('TOKEN', inEnvironment) : undefined;
  const name = settings.nameOf('token-file');
  return checkedToken(`${written(name)} ${path}`, contentFrom(name, path));
}

function checkedToken(source: string, token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(`${source} must hold a token of printable ASCII characters without blanks`);
}

function originsFrom(settings: ServerSettings): string[] {
  const origins = listFrom(settings.text('allow-origin') ?? '');
  for (const origin of origins) {
    if (origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin)) {
      const name = written(settings.nameOf('allow-origin'));
      throw new UsageError(`${name} takes origins such as https://example.org, not '${origin}'`);
    }
  }
  return origins;
}
