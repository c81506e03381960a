import { encodeTotals } from '../crdt/encode.ts';
import { type GCounter, isTotal } from '../crdt/g-counter.ts';
import { LOWER_BOUND, type Totals } from '../crdt/counter-state.ts';
import { isObject, parseJson } from '../runtime/json.ts';
import { type Address, normalAddress } from './address.ts';
import { type Removal, MAX_REMOVALS, MAX_VERSION } from './removals.ts';
import { DIGEST_CHARS, FAN_OUT, LEAVES, LEVELS } from './merkle-tree.ts';
import {
  type Answer,
  type AnswerBody,
  type Compare,
  type PeerInfo,
  type News,
  REFUSED_WHYS,
  type Range,
  type Request,
  type RequestBody,
  type Sender,
} from './messages.ts';
import { nameFault } from '../crdt/names.ts';

/**
 * Messages as JSON. Whoever reads one trusts nothing in it: decodeRequest and decodeAnswer take exactly what a message
 * can be, and throw a Malformed for anything else.
 */
export class Malformed extends Error {}

/** How many nodes of the tree one request compares. */
export const MAX_NODES = 256;
/** How many addresses news tell. */
export const MAX_PEERS_TOLD = 1000;
const MAX_LIFE_CHARS = 32;

export const encodeRequest = ({ from, to, seq, body }: Request): string =>
  `{"from":${JSON.stringify(from)},"to":${JSON.stringify(to)},"seq":${seq},"body":${encodeBody(body)}}`;

export const encodeAnswer = ({ from, body }: Answer): string =>
  `{"from":${JSON.stringify(from)},"body":${encodeBody(body)}}`;

function encodeBody(body: RequestBody | AnswerBody): string {
  if (body.type === 'update') return `{"type":"update","totals":${encodeTotals(body.totals)}}`;
  if (body.type === 'entries') {
    const { totals, ...rest } = body;
    return `{"totals":${encodeTotals(totals)},${JSON.stringify(rest).slice(1)}`;
  }
  if (body.type === 'news') return JSON.stringify({ ...body, ...newsJson(body) });
  if (body.type === 'pong') return JSON.stringify({ ...body, news: body.news && newsJson(body.news) });
  return JSON.stringify(body);
}

const newsJson = ({ peers, decisions }: Omit<News, 'type'>): object => ({
  peers,
  decisions: Object.fromEntries(decisions),
});

export function decodeRequest(text: string): Request {
  const { from, to, seq, body } = members(parsed(text), ['from', 'to', 'seq', 'body']);
  return { from: senderFrom(from), to: lifeFrom(to), seq: countFrom(seq), body: requestBodyFrom(body) };
}

export function decodeAnswer(text: string): Answer {
  const { from, body } = members(parsed(text), ['from', 'body']);
  return { from: senderFrom(from), body: answerBodyFrom(body) };
}

function requestBodyFrom(json: unknown): RequestBody {
  switch (typeOf(json)) {
    case 'hello':
      members(json, ['type']);
      return { type: 'hello' };
    case 'ping': {
      const { digest, members: digestOfMembers } = members(json, ['type', 'digest', 'members']);
      return { type: 'ping', digest: digestFrom(digest), members: digestFrom(digestOfMembers) };
    }
    case 'probe':
      return { type: 'probe', address: addressFrom(members(json, ['type', 'address'])['address']) };
    case 'news':
      return { type: 'news', ...newsFrom(members(json, ['type', 'peers', 'decisions'])) };
    case 'update':
      return { type: 'update', totals: totalsFrom(members(json, ['type', 'totals'])['totals']) };
    case 'compare':
      return compareFrom(json);
    case 'exchange':
      return {
        type: 'exchange',
        ranges: listFrom(members(json, ['type', 'ranges'])['ranges'], LEAVES).map(rangeFrom),
      };
    default:
      throw new Malformed('there is no such request');
  }
}

function answerBodyFrom(json: unknown): AnswerBody {
  switch (typeOf(json)) {
    case 'welcome':
      members(json, ['type']);
      return { type: 'welcome' };
    case 'pong': {
      const { digest, members: ofMembers, news } = members(json, ['type', 'digest', 'members', 'news']);
      return {
        type: 'pong',
        digest: digestFrom(digest),
        members: digestFrom(ofMembers),
        news: news === null ? null : newsFrom(members(news, ['peers', 'decisions'])),
      };
    }
    case 'probed': {
      const { reached } = members(json, ['type', 'reached']);
      if (typeof reached !== 'boolean') throw new Malformed('"reached" is not a boolean');
      return { type: 'probed', reached };
    }
    case 'done':
      members(json, ['type']);
      return { type: 'done' };
    case 'differ': {
      const { nodes } = members(json, ['type', 'nodes']);
      return { type: 'differ', nodes: listFrom(nodes, MAX_NODES * FAN_OUT).map(indexFrom) };
    }
    case 'entries': {
      const body = members(json, ['type', 'totals', 'wanted', 'complete', 'after']);
      return {
        type: 'entries',
        totals: totalsFrom(body['totals']),
        wanted: listFrom(body['wanted'], Infinity).map(keyFrom),
        complete: countFrom(body['complete']),
        after: textFrom(body['after']),
      };
    }
    case 'refused': {
      const { why, message } = members(json, ['type', 'why', 'message']);
      const known = REFUSED_WHYS.find((candidate) => candidate === why);
      if (known === undefined) throw new Malformed('there is no such reason to refuse');
      return { type: 'refused', why: known, message: textFrom(message) };
    }
    default:
      throw new Malformed('there is no such answer');
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

function newsFrom({ peers, decisions }: Members): Omit<News, 'type'> {
  return {
    peers: listFrom(peers, MAX_PEERS_TOLD).map(addressFrom),
    decisions: new Map(
      entriesFrom(decisions, MAX_REMOVALS).map(([id, json]) => [nameFrom(id), decisionFrom(json)]),
    ),
  };
}

function decisionFrom(json: unknown): Removal {
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

/** Who somebody says to be, among whatever else. */
export function peerInfoFrom({ cluster, id, life, at }: Members): PeerInfo {
  return {
    cluster: nameFrom(cluster),
    id: nameFrom(id),
    life: ownLifeFrom(life),
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
  if (!Array.isArray(json) || json.length > max) throw new Malformed(`this is no list of at most ${max}`);
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

function lifeFrom(json: unknown): string {
  const life = textFrom(json);
  if (life.length > MAX_LIFE_CHARS || !/^[0-9a-z]*$/.test(life)) throw new Malformed('this is no life');
  return life;
}

function ownLifeFrom(json: unknown): string {
  const life = lifeFrom(json);
  if (life === '') throw new Malformed('this is no life');
  return life;
}

function digestFrom(json: unknown): string {
  const digest = textFrom(json);
  if (digest.length !== DIGEST_CHARS || !/^[\w-]*$/.test(digest)) throw new Malformed('this is no digest');
  return digest;
}

function addressFrom(json: unknown): Address {
  const address = normalAddress(textFrom(json));
  if (address === undefined) throw new Malformed('this is no address');
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
