/**
 * Peer messages as JSON. Nothing in a received message is trusted: decodeRequest and decodeResponse accept exactly the
 * messages that the protocol has, and throw a DecodeError for anything else. Words on the wire are older than the names
 * in the code and never change; `wireTypes` and its neighbors map between the two.
 */
import { encodeTotals } from '../crdt/encode.ts';
import type { GCounter } from '../crdt/g-counter.ts';
import { LOWER_BOUND, type Totals } from '../crdt/counter-state.ts';
import {
  DecodeError,
  type Fields,
  boolean,
  checkVersion,
  decodeJson,
  entries,
  fields,
  integer,
  list,
  text,
} from '../runtime/decode.ts';
import { isObject } from '../runtime/json.ts';
import { type Address, normalAddress } from './address.ts';
import { type Removal, MAX_REMOVALS } from './removals.ts';
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

/** Fields with other names on the wire: `bootId` is "life", `removals` "decisions", and an ack's gossip "news". */
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

export function decodeRequest(message: string): Request {
  const { from, to, seq, body } = membersOf(message, ['from', 'to', 'seq', 'body']);
  return { from: senderFrom(from), to: bootIdFrom(to), seq: integer(seq), body: requestBodyFrom(body) };
}

export function decodeResponse(message: string): Response {
  const { from, body } = membersOf(message, ['from', 'body']);
  return { from: senderFrom(from), body: responseBodyFrom(body) };
}

/** The members of a message of a version that this server knows. */
function membersOf(message: string, names: readonly string[]): Fields {
  const json = decodeJson(message);
  checkVersion(json, 'the message');
  return fields(json, 'a message', names, ['version']);
}

function requestBodyFrom(json: unknown): RequestBody {
  switch (typeOf(json)) {
    case wireTypes.identify:
      fields(json, 'a message', ['type']);
      return { type: 'identify' };
    case wireTypes.ping: {
      const { digest, members: digestOfMembers } = fields(json, 'a message', ['type', 'digest', 'members']);
      return { type: 'ping', digest: digestFrom(digest), members: digestFrom(digestOfMembers) };
    }
    case wireTypes['indirect-ping']:
      return {
        type: 'indirect-ping',
        address: addressFrom(fields(json, 'a message', ['type', 'address'])['address']),
      };
    case wireTypes.gossip:
      return { type: 'gossip', ...gossipFrom(fields(json, 'a message', ['type', 'peers', 'decisions'])) };
    case wireTypes.update:
      return { type: 'update', totals: totalsFrom(fields(json, 'a message', ['type', 'totals'])['totals']) };
    case wireTypes.compare:
      return compareFrom(json);
    case wireTypes.exchange:
      return {
        type: 'exchange',
        ranges: list(fields(json, 'a message', ['type', 'ranges'])['ranges'], LEAVES).map(rangeFrom),
      };
    default:
      throw new DecodeError('there is no such request');
  }
}

function responseBodyFrom(json: unknown): ResponseBody {
  switch (typeOf(json)) {
    case wireTypes.identity:
      fields(json, 'a message', ['type']);
      return { type: 'identity' };
    case wireTypes.ack: {
      const {
        digest,
        members: ofMembers,
        news,
      } = fields(json, 'a message', ['type', 'digest', 'members', 'news']);
      return {
        type: 'ack',
        digest: digestFrom(digest),
        members: digestFrom(ofMembers),
        gossip: news === null ? null : gossipFrom(fields(news, 'a message', ['peers', 'decisions'])),
      };
    }
    case wireTypes['indirect-ack']: {
      const { reached } = fields(json, 'a message', ['type', 'reached']);
      return { type: 'indirect-ack', reached: boolean(reached) };
    }
    case wireTypes.done:
      fields(json, 'a message', ['type']);
      return { type: 'done' };
    case wireTypes.differ: {
      const { nodes } = fields(json, 'a message', ['type', 'nodes']);
      return { type: 'differ', nodes: list(nodes, MAX_NODES * FAN_OUT).map(indexFrom) };
    }
    case wireTypes.entries: {
      const body = fields(json, 'a message', ['type', 'totals', 'wanted', 'complete', 'after']);
      return {
        type: 'entries',
        totals: totalsFrom(body['totals']),
        wanted: list(body['wanted']).map(keyFrom),
        complete: integer(body['complete']),
        after: text(body['after']),
      };
    }
    case wireTypes.refused: {
      const { why, message } = fields(json, 'a message', ['type', 'why', 'message']);
      const known = REFUSAL_REASONS.find((reason) => wireReasons[reason] === why);
      if (known === undefined) throw new DecodeError('there is no such reason to refuse');
      return { type: 'refused', why: known, message: text(message) };
    }
    default:
      throw new DecodeError('there is no such response');
  }
}

function compareFrom(json: unknown): Compare {
  const { level, nodes, digests } = fields(json, 'a message', ['type', 'level', 'nodes', 'digests']);
  const indices = list(nodes, MAX_NODES).map(indexFrom);
  const depth = integer(level);
  const isDigests = typeof digests === 'string' && /^[\w-]*$/.test(digests);
  if (!isDigests || digests.length !== indices.length * FAN_OUT * DIGEST_CHARS) {
    throw new DecodeError('the digests do not go with the nodes');
  }
  if (depth >= LEVELS || indices.some((index) => index >= FAN_OUT ** depth)) {
    throw new DecodeError('there is no such node');
  }
  return { type: 'compare', level: depth, nodes: indices, digests };
}

function rangeFrom(json: unknown): Range {
  const { leaf, after, end, counters } = fields(json, 'a message', ['leaf', 'after', 'end', 'counters']);
  return {
    leaf: indexFrom(leaf),
    after: text(after),
    end: end === null ? null : keyFrom(end),
    counters: list(counters).map((entry) => {
      const [key, digest] = list(entry, 2);
      return [keyFrom(key), digestFrom(digest)];
    }),
  };
}

function gossipFrom({ peers, decisions }: Fields): Omit<Gossip, 'type'> {
  return {
    peers: list(peers, MAX_PEERS_TOLD).map(addressFrom),
    removals: new Map(
      entries(decisions, MAX_REMOVALS).map(([id, json]) => [nameFrom(id), removalFrom(json)]),
    ),
  };
}

export function removalFrom(json: unknown): Removal {
  const { version, removed } = fields(json, 'a message', ['version', 'removed']);
  return { version: integer(version), removed: boolean(removed) };
}

function senderFrom(json: unknown): Sender {
  const sender = fields(json, 'a message', ['cluster', 'id', 'life', 'at', 'upMs']);
  return { ...peerInfoFrom(sender), upMs: integer(sender['upMs']) };
}

/** What a peer says about itself; other members of the object are ignored. Throws a DecodeError. */
export function peerInfoFrom({ cluster, id, life, at }: Fields): PeerInfo {
  return {
    cluster: nameFrom(cluster),
    id: nameFrom(id),
    bootId: senderBootIdFrom(life),
    at: typeof at === 'number' ? portFrom(at) : addressFrom(at),
  };
}

function totalsFrom(json: unknown): Totals {
  return new Map(entries(json).map(([key, parts]) => [keyFrom(key), partsFrom(parts)]));
}

function partsFrom(json: unknown): GCounter {
  const parts = entries(json);
  return new Map(
    parts.map(([name, total]) => [name === LOWER_BOUND ? name : nameFrom(name), integer(total)]),
  );
}

const typeOf = (json: unknown): unknown => (isObject(json) ? json['type'] : undefined);

function nameFrom(json: unknown): string {
  const name = text(json);
  const why = nameFault(name);
  if (why !== undefined) throw new DecodeError(`a name ${why}`);
  return name;
}

const keyFrom = nameFrom;

/** A boot id, or '' where the sender did not know it. */
function bootIdFrom(json: unknown): string {
  const bootId = text(json);
  if (bootId.length > MAX_BOOT_ID_CHARS || !/^[0-9a-z]*$/.test(bootId)) {
    throw new DecodeError('this is not a boot id');
  }
  return bootId;
}

function senderBootIdFrom(json: unknown): string {
  const bootId = bootIdFrom(json);
  if (bootId === '') throw new DecodeError('this is not a boot id');
  return bootId;
}

function digestFrom(json: unknown): string {
  const digest = text(json);
  if (digest.length !== DIGEST_CHARS || !/^[\w-]*$/.test(digest))
    throw new DecodeError('this is not a digest');
  return digest;
}

function addressFrom(json: unknown): Address {
  const address = normalAddress(text(json));
  if (address === undefined) throw new DecodeError('this is not an address');
  return address;
}

function indexFrom(json: unknown): number {
  const index = integer(json);
  if (index >= LEAVES) throw new DecodeError('there is no such node');
  return index;
}

function portFrom(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new DecodeError('there is no such port');
  return port;
}
