/**
 * The flags about the cluster. A server that other machines can reach must have a key, unless an operator accepts the risk
 * with --insecure.
 */
import { BlockList, isIP } from 'node:net';
import { type Address, isLoopback, normalAddress } from '../../cluster/address.ts';
import { nameFault } from '../../crdt/names.ts';
import { UsageError, contentFrom, listFrom, written } from '../arguments.ts';
import type { Settings } from './settings.ts';

export interface ClusterCliOptions {
  readonly name: string;
  readonly peers: readonly Address[];
  /**
   * Whether an operator has told it to join others: by a cluster name, peers or a cluster key. Otherwise it is a server
   * by itself, until one is registered with it or it with another.
   */
  readonly isJoining: boolean;
  /** Secrets: messages are signed with the first, and any is accepted. */
  readonly keys: readonly string[];
  readonly isInsecure: boolean;
  readonly advertise: Address | undefined;
  /** Undefined if there is no discovery: it is disabled, or there is no cluster name or key to find others by. */
  readonly discoveryPort: number | undefined;
  readonly multicast: string | undefined;
  /** Undefined if peers may be anywhere. */
  readonly peerRanges: BlockList | undefined;
  readonly maxPeers: number;
}

export const clusterHelp = `Servers that find each other count together. Each must have a --node-id of its own.
  --peers LIST                host:port of other servers, separated by commas; a name may resolve to several
  --cluster NAME              the name of the cluster; servers of other clusters are ignored (default g-counter)
  --cluster-key-file PATH     a file with a secret that all servers of the cluster share, of 16 characters or more;
                              of several, one a line, the first signs and all are accepted (default: the token, if
                              there is one)
  --insecure                  allow a --host that other machines can reach without such a key
  --advertise HOST:PORT       where peers reach this server, if not at the address that its messages come from
  --peer-ranges LIST          connect only to peers in these ranges, e.g. 10.0.0.0/8,192.168.1.7
  --max-peers N               how many peers there can be (default 100)
  --discovery-port N          send and receive beacons on this UDP port (default 7000)
  --multicast GROUP           send beacons to this group too, e.g. 239.255.70.0
  --disable-discovery         neither send nor receive beacons`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

export const clusterOptionSpecs = {
  peers: text,
  cluster: text,
  'cluster-key-file': text,
  insecure: flag,
  advertise: text,
  'peer-ranges': text,
  'max-peers': text,
  'discovery-port': text,
  multicast: text,
  'disable-discovery': flag,
} as const;

type Flag = keyof typeof clusterOptionSpecs;

/** Where the values of flags come from. */
type Values = Pick<Settings<Flag>, 'text' | 'nameOf' | 'count' | 'isSet'>;

/** What else of the command line matters here. */
export interface Circumstances {
  /** Where the server listens. */
  readonly host: string;
  /** A secret given in the environment. */
  readonly key: string | undefined;
  /** The token that clients must present. */
  readonly token: string | undefined;
}

/** Reads the flags of the cluster. Throws a UsageError. */
export function clusterOptionsFrom(values: Values, { host, key, token }: Circumstances): ClusterCliOptions {
  const count = (name: Flag, fallback: number, max: number): number =>
    values.count(name, fallback, { min: 1, max });
  const optional = <T>(option: Flag, from: (name: string, value: string) => T): T | undefined => {
    const value = values.text(option);
    return value === undefined ? undefined : from(values.nameOf(option), value);
  };
  const ownKeys = keysFrom(optional('cluster-key-file', keysIn), key);
  // Without the token nobody may write, so nobody may pass for a peer without it either.
  const keys = ownKeys.length === 0 && token !== undefined ? [token] : ownKeys;
  if (keys.length === 0 && !isLoopback(host) && !values.isSet('insecure')) {
    throw new UsageError(
      `--host ${host} opens the cluster to the network: give --cluster-key-file or --insecure`,
    );
  }
  const peers = optional('peers', addressesFrom) ?? [];
  const name = optional('cluster', nameFrom);
  // Servers of the same default name have nothing to do with each other, so what is found by beacon must share more.
  const isRecognizable = name !== undefined || ownKeys.length > 0;
  const isDiscovering = !values.isSet('disable-discovery') && isRecognizable;
  const discoveryPort = count('discovery-port', 7000, 65_535);
  return {
    name: name ?? DEFAULT_NAME,
    peers,
    isJoining: isRecognizable || peers.length > 0,
    keys,
    isInsecure: values.isSet('insecure'),
    advertise: optional('advertise', addressFrom),
    discoveryPort: isDiscovering ? discoveryPort : undefined,
    multicast: optional('multicast', groupFrom),
    peerRanges: optional('peer-ranges', rangesFrom),
    maxPeers: count('max-peers', 100, 1000),
  };
}

/** The name of a cluster that has been given none. */
const DEFAULT_NAME = 'g-counter';

/** A name of this length fits into a beacon. */
const MAX_NAME_BYTES = 64;

function nameFrom(name: string, cluster: string): string {
  const why = nameFault(cluster, MAX_NAME_BYTES);
  if (why !== undefined) throw new UsageError(`${written(name)} ${why}`);
  return cluster;
}

function addressFrom(name: string, address: string): Address {
  const normal = normalAddress(address);
  if (normal === undefined) throw new UsageError(`${written(name)} takes host:port, not '${address}'`);
  return normal;
}

const addressesFrom = (name: string, list: string): Address[] =>
  listFrom(list).map((address) => addressFrom(name, address));

function groupFrom(name: string, group: string): string {
  if (isIP(group) === 4 && /^(?:22[4-9]|23\d)\./.test(group)) return group;
  throw new UsageError(`${written(name)} takes an IPv4 multicast address, not '${group}'`);
}

function rangesFrom(name: string, list: string): BlockList {
  const ranges = new BlockList();
  for (const range of listFrom(list)) {
    const [, ip = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
    const isV6 = isIP(ip) === 6;
    const width = isV6 ? 128 : 32;
    const prefix = Number(bits ?? width);
    if (isIP(ip) === 0 || prefix > width) {
      throw new UsageError(`${written(name)} takes ranges such as 10.0.0.0/8, not '${range}'`);
    }
    ranges.addSubnet(ip, prefix, isV6 ? 'ipv6' : 'ipv4');
  }
  return ranges;
}

const MIN_KEY_CHARS = 16;

function keysFrom(inFile: string[] | undefined, key: string | undefined): string[] {
  if (inFile !== undefined) return inFile;
  return key === undefined || key === '' ? [] : checkedKeys('CLUSTER_KEY', key.trim());
}

const keysIn = (name: string, path: string): string[] =>
  checkedKeys(`${written(name)} ${path}`, contentFrom(name, path));

const checkedKeys = (source: string, lines: string): string[] =>
  lines.split(/\s*\n\s*/).map((line) => checkedKey(source, line));

function checkedKey(source: string, key: string): string {
  if (key.length >= MIN_KEY_CHARS) return key;
  throw new UsageError(`${source} must hold keys of ${MIN_KEY_CHARS} characters or more`);
}
