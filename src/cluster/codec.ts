/**
 * Peer messages as JSON. Nothing in a received message is trusted: decodeRequest and decodeResponse accept exactly the
 * messages that the protocol has, and throw a Malformed for anything else. Words on the wire are older than the names
 * in the code and never change; `wireTypes` and its neighbors map between the two.
 */
import { encodeTotals } from '../crdt/encode.ts';
import { type GCounter, isTotal } from '../crdt/g-counter.ts';
import { LOWER_BOUND, type Totals } from '../crdt/counter-state.ts';
import { isObject, parseJson } from '../runtime/json.ts';
import { type Address, normalAddress } from './address.ts';
import { type Removal, MAX_REMOVALS, MAX_VERSION } from './removals.ts';
import { DIGEST_CHARS, FAN_OUT, LEAVES, LEVELS } from './merkle-tree.ts';
import {
  type Compare,
  type Gossip,
  type PeerInfo,
  REFUSAL_REASONS,
  type Range,
  type RefusalReason,
  type Request,
  type RequestBody,
  type Response,
  type ResponseBody,
  type Sender,
} from './messages.ts';
import { nameFault } from '../crdt/names.ts';

/** A message that is not exactly what the protocol allows. */
export class Malformed extends Error {}

/** How many nodes of the Merkle tree one request compares. */
export const MAX_NODES = 256;
/** How many addresses one message of gossip may list. */
export const MAX_PEERS_TOLD = 1000;
const MAX_BOOT_ID_CHARS = 32;

type MessageType = RequestBody['type'] | ResponseBody['type'];

/** The name of each message on the wire. */
const wireTypes: Readonly<Record<MessageType, string>> = {
  identify: 'hello',
  identity: 'welcome',
  ping: 'ping',
  ack: 'pong',
  'indirect-ping': 'probe',
  'indirect-ack': 'probed',
  gossip: 'news',
  update: 'update',
  done: 'done',
  compare: 'compare',
  differ: 'differ',
  exchange: 'exchange',
  entries: 'entries',
  refused: 'refused',
};

/** The name of each reason to refuse on the wire. */
const wireReasons: Readonly<Record<RefusalReason, string>> = {
  'other-boot': 'other-life',
  duplicate: 'duplicate',
  removed: 'removed',
  repeated: 'repeated',
};

/** Members with other names on the wire: `bootId` is "life", `removals` "decisions", and an ack's gossip "news". */
const senderJson = ({ cluster, id, bootId, at, upMs }: Sender): object => ({
  cluster,
  id,
  life: bootId,
  at,
  upMs,
});

/** The members of a beacon that say which server sends it. */
export const peerInfoJson = ({ cluster, id, bootId, at }: PeerInfo): object => ({
  cluster,
  id,
  life: bootId,
  at,
});

const gossipJson = ({ peers, removals }: Omit<Gossip, 'type'>): object => ({
  peers,
  decisions: Object.fromEntries(removals),
});

export const encodeRequest = ({ from, to, seq, body }: Request): string =>
  `{"from":${JSON.stringify(senderJson(from))},"to":${JSON.stringify(to)},"seq":${seq},"body":${encodeBody(body)}}`;

export const encodeResponse = ({ from, body }: Response): string =>
  `{"from":${JSON.stringify(senderJson(from))},"body":${encodeBody(body)}}`;

function encodeBody(body: RequestBody | ResponseBody): string {
  const type = wireTypes[body.type];
  if (body.type === 'update') return `{"type":"${type}","totals":${encodeTotals(body.totals)}}`;
  if (body.type === 'entries') {
    const { totals, ...rest } = body;
    return `{"totals":${encodeTotals(totals)},${JSON.stringify({ ...rest, type }).slice(1)}`;
  }
  if (body.type === 'gossip') return JSON.stringify({ type, ...gossipJson(body) });
  if (body.type === 'ack') {
    const { digest, members: ofMembers, gossip } = body;
    return JSON.stringify({ type, digest, members: ofMembers, news: gossip && gossipJson(gossip) });
  }
  if (body.type === 'refused') {
    return JSON.stringify({ type, why: wireReasons[body.why], message: body.message });
  }
  return JSON.stringify({ ...body, type });
}

export function decodeRequest(text: string): Request {
  const { from, to, seq, body } = members(parsed(text), ['from', 'to', 'seq', 'body']);
  return { from: senderFrom(from), to: bootIdFrom(to), seq: countFrom(seq), body: requestBodyFrom(body) };
}

export function decodeResponse(text: string): Response {
  const { from, body } = members(parsed(text), ['from', 'body']);
  return { from: senderFrom(from), body: responseBodyFrom(body) };
}

function requestBodyFrom(json: unknown): RequestBody {
  switch (typeOf(json)) {
    case wireTypes.identify:
      members(json, ['type']);
      return { type: 'identify' };
    case wireTypes.ping: {
      const { digest, members: digestOfMembers } = members(json, ['type', 'digest', 'members']);
      return { type: 'ping', digest: digestFrom(digest), members: digestFrom(digestOfMembers) };
    }
    case wireTypes['indirect-ping']:
      return { type: 'indirect-ping', address: addressFrom(members(json, ['type', 'address'])['address']) };
    case wireTypes.gossip:
      return { type: 'gossip', ...gossipFrom(members(json, ['type', 'peers', 'decisions'])) };
    case wireTypes.update:
      return { type: 'update', totals: totalsFrom(members(json, ['type', 'totals'])['totals']) };
    case wireTypes.compare:
      return compareFrom(json);
    case wireTypes.exchange:
      return {
        type: 'exchange',
        ranges: listFrom(members(json, ['type', 'ranges'])['ranges'], LEAVES).map(rangeFrom),
      };
    default:
      throw new Malformed('there is no such request');
  }
}

function responseBodyFrom(json: unknown): ResponseBody {
  switch (typeOf(json)) {
    case wireTypes.identity:
      members(json, ['type']);
      return { type: 'identity' };
    case wireTypes.ack: {
      const { digest, members: ofMembers, news } = members(json, ['type', 'digest', 'members', 'news']);
      return {
        type: 'ack',
        digest: digestFrom(digest),
        members: digestFrom(ofMembers),
        gossip: news === null ? null : gossipFrom(members(news, ['peers', 'decisions'])),
      };
    }
    case wireTypes['indirect-ack']: {
      const { reached } = members(json, ['type', 'reached']);
      if (typeof reached !== 'boolean') throw new Malformed('"reached" is not a boolean');
      return { type: 'indirect-ack', reached };
    }
    case wireTypes.done:
      members(json, ['type']);
      return { type: 'done' };
    case wireTypes.differ: {
      const { nodes } = members(json, ['type', 'nodes']);
      return { type: 'differ', nodes: listFrom(nodes, MAX_NODES * FAN_OUT).map(indexFrom) };
    }
    case wireTypes.entries: {
      const body = members(json, ['type', 'totals', 'wanted', 'complete', 'after']);
      return {
        type: 'entries',
        totals: totalsFrom(body['totals']),
        wanted: listFrom(body['wanted'], Infinity).map(keyFrom),
        complete: countFrom(body['complete']),
        after: textFrom(body['after']),
      };
    }
    case wireTypes.refused: {
      const { why, message } = members(json, ['type', 'why', 'message']);
      const known = REFUSAL_REASONS.find((reason) => wireReasons[reason] === why);
      if (known === undefined) throw new Malformed('there is no such reason to refuse');
      return { type: 'refused', why: known, message: textFrom(message) };
    }
    default:
      throw new Malformed('there is no such response');
  }
}

function compareFrom(json: unknown): Compare {
  const { level, nodes, digests } = members(json, ['type', 'level', 'nodes', 'digests']);
  const indices = listFrom(nodes, MAX_NODES).map(indexFrom);
  const depth = countFrom(level);
  const isDigests = typeof digests === 'string' && /^[\w-]*$/.test(digests);
  if (!isDigests || digests.length !== indices.length * FAN_OUT * DIGEST_CHARS) {
    throw new Malformed('the digests do not go with the nodes');
  }
  if (depth >= LEVELS || indices.some((index) => index >= FAN_OUT ** depth)) {
    throw new Malformed('there is no such node');
  }
  return { type: 'compare', level: depth, nodes: indices, digests };
}

function rangeFrom(json: unknown): Range {
  const { leaf, after, end, counters } = members(json, ['leaf', 'after', 'end', 'counters']);
  return {
    leaf: indexFrom(leaf),
    after: textFrom(after),
    end: end === null ? null : keyFrom(end),
    counters: listFrom(counters, Infinity).map((entry) => {
      const [key, digest] = listFrom(entry, 2);
      return [keyFrom(key), digestFrom(digest)];
    }),
  };
}

function gossipFrom({ peers, decisions }: Members): Omit<Gossip, 'type'> {
  return {
    peers: listFrom(peers, MAX_PEERS_TOLD).map(addressFrom),
    removals: new Map(
      entriesFrom(decisions, MAX_REMOVALS).map(([id, json]) => [nameFrom(id), removalFrom(json)]),
    ),
  };
}

function removalFrom(json: unknown): Removal {
  const { version, removed } = members(json, ['version', 'removed']);
  if (typeof removed !== 'boolean') throw new Malformed('"removed" is not a boolean');
  const count = countFrom(version);
  if (count >= MAX_VERSION) throw new Malformed('there is no such version');
  return { version: count, removed };
}

function senderFrom(json: unknown): Sender {
  const sender = members(json, ['cluster', 'id', 'life', 'at', 'upMs']);
  return { ...peerInfoFrom(sender), upMs: countFrom(sender['upMs']) };
}

/** What a peer says about itself; other members of the object are ignored. Throws a Malformed. */
export function peerInfoFrom({ cluster, id, life, at }: Members): PeerInfo {
  return {
    cluster: nameFrom(cluster),
    id: nameFrom(id),
    bootId: senderBootIdFrom(life),
    at: typeof at === 'number' ? portFrom(at) : addressFrom(at),
  };
}

function totalsFrom(json: unknown): Totals {
  return new Map(entriesFrom(json, Infinity).map(([key, parts]) => [keyFrom(key), partsFrom(parts)]));
}

function partsFrom(json: unknown): GCounter {
  const parts = entriesFrom(json, Infinity);
  return new Map(
    parts.map(([name, total]) => [name === LOWER_BOUND ? name : nameFrom(name), countFrom(total)]),
  );
}

type Members = Readonly<Record<string, unknown>>;

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new Malformed('this is not JSON');
  }
}

/** The members of an object that has exactly these. */
function members(json: unknown, names: readonly string[]): Members {
  if (!isObject(json)) throw new Malformed('this is not an object');
  const present = Object.keys(json);
  if (present.length === names.length && names.every((name) => Object.hasOwn(json, name))) return json;
  throw new Malformed(`this does not have the members ${names.join(', ')}`);
}

const typeOf = (json: unknown): unknown => (isObject(json) ? json['type'] : undefined);

function entriesFrom(json: unknown, max: number): [name: string, value: unknown][] {
  if (!isObject(json)) throw new Malformed('this is not an object');
  const entries = Object.entries(json);
  if (entries.length > max) throw new Malformed(`there are more than ${max} members`);
  return entries;
}

function listFrom(json: unknown, max: number): unknown[] {
  if (!Array.isArray(json) || json.length > max) throw new Malformed(`this is not a list of at most ${max}`);
  return json;
}

function textFrom(json: unknown): string {
  if (typeof json !== 'string') throw new Malformed('this is not a string');
  return json;
}

function nameFrom(json: unknown): string {
  const name = textFrom(json);
  const why = nameFault(name);
  if (why !== undefined) throw new Malformed(`a name ${why}`);
  return name;
}

const keyFrom = nameFrom;

/** A boot id, or '' where the sender did not know it. */
function bootIdFrom(json: unknown): string {
  const bootId = textFrom(json);
  if (bootId.length > MAX_BOOT_ID_CHARS || !/^[0-9a-z]*$/.test(bootId)) {
    throw new Malformed('this is not a boot id');
  }
  return bootId;
}

function senderBootIdFrom(json: unknown): string {
  const bootId = bootIdFrom(json);
  if (bootId === '') throw new Malformed('this is not a boot id');
  return bootId;
}

function digestFrom(json: unknown): string {
  const digest = textFrom(json);
  if (digest.length !== DIGEST_CHARS || !/^[\w-]*$/.test(digest)) throw new Malformed('this is not a digest');
  return digest;
}

function addressFrom(json: unknown): Address {
  const address = normalAddress(textFrom(json));
  if (address === undefined) throw new Malformed('this is not an address');
  return address;
}

export function countFrom(json: unknown): number {
  if (!isTotal(json)) throw new Malformed('this is not a whole number from 0 to 2^53 - 1');
  return json;
}

function indexFrom(json: unknown): number {
  const index = countFrom(json);
  if (index >= LEAVES) throw new Malformed('there is no such node');
  return index;
}

function portFrom(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Malformed('there is no such port');
  return port;
}
