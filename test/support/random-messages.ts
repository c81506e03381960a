import * as fc from 'fast-check';
import { FAN_OUT } from '../../src/cluster/merkle-tree.ts';
import type { Removals } from '../../src/cluster/removals.ts';
import {
  type Response,
  type ResponseBody,
  type Gossip,
  REFUSAL_REASONS,
  type Range,
  type Request,
  type RequestBody,
  type Sender,
} from '../../src/cluster/messages.ts';
import { nameFault } from '../../src/crdt/names.ts';
import { LOWER_BOUND, type Totals } from '../../src/crdt/counter-state.ts';

/** Everything that servers can say to each other, at random. */
export const name = fc.oneof(
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => nameFault(text) === undefined),
  fc.constantFrom('__proto__', 'constructor', 'toString', '1', '0', '"', '\\', 'type', 'totals', ' '),
  fc.constantFrom('a'.repeat(256), '\u{1F511}'.repeat(64)),
);
const count = fc.oneof(fc.nat(), fc.nat(Number.MAX_SAFE_INTEGER), fc.constant(Number.MAX_SAFE_INTEGER));
const bootId = fc.stringMatching(/^[0-9a-z]{1,32}$/);
const address = fc.constantFrom('node-1:80', '10.0.0.1:8080', '[::1]:1', 'a.b:65535');
const digest = fc.stringMatching(/^[\w-]{8}$/);
const leaf = fc.nat(65_535);

const mapOf = <T>(value: fc.Arbitrary<T>, key: fc.Arbitrary<string> = name): fc.Arbitrary<Map<string, T>> =>
  fc.array(fc.tuple(key, value), { maxLength: 5 }).map((entries) => new Map(entries));

const totals: fc.Arbitrary<Totals> = mapOf(mapOf(count, fc.oneof(name, fc.constant(LOWER_BOUND))));
const removals: fc.Arbitrary<Removals> = mapOf(
  fc.record({
    version: fc.maxSafeNat(),
    removed: fc.boolean(),
  }),
);
const gossip: fc.Arbitrary<Omit<Gossip, 'type'>> = fc.record({
  peers: fc.array(address, { maxLength: 4 }),
  removals,
});
const range: fc.Arbitrary<Range> = fc.record({
  leaf,
  after: fc.oneof(name, fc.constant('')),
  end: fc.option(name),
  counters: fc.array(fc.tuple(name, digest), { maxLength: 4 }),
});

export const sender: fc.Arbitrary<Sender> = fc.record({
  cluster: name,
  id: name,
  bootId,
  at: fc.oneof(address, fc.integer({ min: 1, max: 65_535 })),
  upMs: count,
});

const compare = fc.nat(3).chain((level) =>
  fc.array(fc.nat(FAN_OUT ** level - 1), { maxLength: 5 }).chain((nodes) =>
    fc.record({
      type: fc.constant('compare' as const),
      level: fc.constant(level),
      nodes: fc.constant(nodes),
      digests: fc
        .array(digest, {
          minLength: nodes.length * FAN_OUT,
          maxLength: nodes.length * FAN_OUT,
        })
        .map((digests) => digests.join('')),
    }),
  ),
);

export const requestBody: fc.Arbitrary<RequestBody> = fc.oneof(
  fc.constant({ type: 'identify' as const }),
  fc.record({ type: fc.constant('ping' as const), digest, members: digest }),
  fc.record({ type: fc.constant('indirect-ping' as const), address }),
  gossip.map((told) => ({ type: 'gossip' as const, ...told })),
  fc.record({ type: fc.constant('update' as const), totals }),
  compare,
  fc.record({ type: fc.constant('exchange' as const), ranges: fc.array(range, { maxLength: 4 }) }),
);

const responseBody: fc.Arbitrary<ResponseBody> = fc.oneof(
  fc.constant({ type: 'identity' as const }),
  fc.constant({ type: 'done' as const }),
  fc.record({ type: fc.constant('ack' as const), digest, members: digest, gossip: fc.option(gossip) }),
  fc.record({ type: fc.constant('indirect-ack' as const), reached: fc.boolean() }),
  fc.record({ type: fc.constant('differ' as const), nodes: fc.array(leaf, { maxLength: 9 }) }),
  fc.record({
    type: fc.constant('entries' as const),
    totals,
    wanted: fc.array(name, { maxLength: 4 }),
    complete: count,
    after: fc.oneof(name, fc.constant('')),
  }),
  fc.record({
    type: fc.constant('refused' as const),
    why: fc.constantFrom(...REFUSAL_REASONS),
    message: fc.string({ unit: 'grapheme' }),
  }),
);

export const request: fc.Arbitrary<Request> = fc.record({
  from: sender,
  to: fc.oneof(bootId, fc.constant('')),
  seq: count,
  body: requestBody,
});
export const answer: fc.Arbitrary<Response> = fc.record({ from: sender, body: responseBody });

/** All places in a JSON value, as the members and indices that lead there. */
export function placesIn(json: unknown): (readonly string[])[] {
  if (typeof json !== 'object' || json === null) return [[]];
  const below = Object.entries(json).flatMap(([member, value]) =>
    placesIn(value).map((place) => [member, ...place]),
  );
  return [[], ...below];
}

/** A copy of a JSON value in which what is at a place has become what `change` makes of it; undefined takes it out. */
export function changedAt(
  json: unknown,
  place: readonly string[],
  change: (old: unknown) => unknown,
): unknown {
  const [first, ...rest] = place;
  if (first === undefined) return change(json);
  const into = ([member, value]: readonly [string, unknown]): readonly [string, unknown] =>
    member === first ? [member, changedAt(value, rest, change)] : [member, value];
  if (Array.isArray(json)) {
    const entries = json.map((value: unknown, at) => into([String(at), value]));
    return entries.map(([, value]) => value).filter((value) => value !== undefined);
  }
  return typeof json === 'object' && json !== null
    ? Object.fromEntries(Object.entries(json).map(into))
    : json;
}
