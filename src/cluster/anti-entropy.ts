/**
 * Anti-entropy: finds where two replicas differ and brings both to the same state. Descends the Merkle tree to the leaves
 * that differ, then compares the digests of their counters, then exchanges the counters, always in bounded messages.
 * An interrupted exchange loses nothing: the next one finds what is left.
 */
import type { GCounter } from '../crdt/g-counter.ts';
import { partsOf } from '../crdt/counter-state.ts';
import type { Counter } from '../store/counters.ts';
import { MAX_NODES } from './codec.ts';
import { FAN_OUT, LEVELS } from './merkle-tree.ts';
import {
  type ResponseBody,
  type Compare,
  type Entries,
  type Exchange,
  type Range,
  type RequestBody,
} from './messages.ts';
import type { MerkleIndex } from './merkle-index.ts';
import type { Replica } from './replica.ts';

/** Sends a request to the peer that this exchange is with. */
export type AskPeer = (body: RequestBody) => Promise<ResponseBody>;

/** How much of the counters one message carries, so that neither side is busy with it for more than a few ms. */
export const MAX_PIECE_CHARS = 65_536;
/** A counter with more parts than fit in here is skipped: it would fit into no message and block all others. */
const MAX_COUNTER_CHARS = 262_144;
const MAX_RANGE_COUNTERS = 500;
const MAX_REQUEST_COUNTERS = 1000;
const MIN_RANGES = 16;
const MAX_RANGES = 2048;

/** A peer's response is not one to the request. */
class UnexpectedResponse extends Error {}

export class AntiEntropy {
  readonly #replica: Replica;
  readonly #index: MerkleIndex;

  constructor(replica: Replica, index: MerkleIndex) {
    this.#replica = replica;
    this.#index = index;
  }

  /**
   * Runs one whole exchange. Resolves with whether all that the peer has could be merged; rejects if the peer does not
   * respond or the disk fails.
   */
  async run(ask: AskPeer): Promise<boolean> {
    const leaves = await this.#differingLeaves(ask);
    let ranges: Range[] = [];
    let most = MIN_RANGES;
    let isAllMerged = true;
    const queue = this.#ranges(leaves);
    for (;;) {
      ranges = fill(ranges, queue, most);
      if (ranges.length === 0) return isAllMerged;
      const entries = await ask({ type: 'exchange', ranges });
      if (entries.type !== 'entries' || !isProgress(entries, ranges))
        throw new UnexpectedResponse(entries.type);
      if (!(await this.#replica.merge(entries.totals))) isAllMerged = false;
      await this.#sendWanted(entries, ask);
      const isAllDone = entries.complete === ranges.length;
      most = Math.min(MAX_RANGES, Math.max(MIN_RANGES, isAllDone ? most * 2 : entries.complete * 2));
      ranges = remaining(ranges, entries);
    }
  }

  /** Responds with the children of the nodes that differ here. */
  differ({ level, nodes, digests }: Compare): ResponseBody {
    const each = digests.length / Math.max(1, nodes.length);
    return {
      type: 'differ',
      nodes: nodes.flatMap((node, index) =>
        this.#index.tree.differing(level, node, digests.slice(index * each, (index + 1) * each)),
      ),
    };
  }

  /** Responds with the counters that differ, as many as fit, and the keys of those of which the peer may hold more. */
  entries({ ranges }: Exchange): Entries {
    const totals = new Map<string, GCounter>();
    const wanted: string[] = [];
    const leaves = new Map<number, Counter[]>();
    let chars = 0;
    for (const [complete, range] of ranges.entries()) {
      const theirs = new Map(range.counters);
      const leaf = leaves.get(range.leaf) ?? this.#index.leaf(range.leaf);
      leaves.set(range.leaf, leaf);
      let after = range.after;
      for (const counter of leaf.filter(({ key }) => isWithin(range, key))) {
        if (chars > MAX_PIECE_CHARS) {
          for (const key of theirs.keys()) if (key <= after && key > range.after) wanted.push(key);
          return { type: 'entries', totals, wanted, complete, after: after === range.after ? '' : after };
        }
        const { key } = counter;
        after = key;
        if (theirs.get(key) === this.#index.digestOf(counter)) {
          theirs.delete(key);
          continue;
        }
        const parts = partsOf(this.#replica.identity, counter);
        if (charsOf(key, parts) > MAX_COUNTER_CHARS) continue;
        totals.set(key, parts);
        chars += charsOf(key, parts);
      }
      wanted.push(...theirs.keys());
    }
    return { type: 'entries', totals, wanted, complete: ranges.length, after: '' };
  }

  async #differingLeaves(ask: AskPeer): Promise<number[]> {
    let nodes = [0];
    for (let level = 0; level < LEVELS; level++) {
      const differing: number[] = [];
      for (let at = 0; at < nodes.length; at += MAX_NODES) {
        const some = nodes.slice(at, at + MAX_NODES);
        const digests = some.map((node) => this.#index.tree.children(level, node)).join('');
        const response = await ask({ type: 'compare', level, nodes: some, digests });
        if (response.type !== 'differ') throw new UnexpectedResponse(response.type);
        const parents = new Set(some);
        for (const node of new Set(response.nodes)) {
          if (!parents.has(Math.floor(node / FAN_OUT))) throw new UnexpectedResponse(response.type);
          differing.push(node);
        }
      }
      nodes = differing;
    }
    return nodes;
  }

  /** Sends what the peer lacks of the counters that it wants. */
  async #sendWanted({ totals, wanted }: Entries, ask: AskPeer): Promise<void> {
    const { counters, identity } = this.#replica;
    let piece = new Map<string, GCounter>();
    let chars = 0;
    const send = async (): Promise<void> => {
      const response = await ask({ type: 'update', totals: piece });
      if (response.type !== 'done') throw new UnexpectedResponse(response.type);
      piece = new Map();
      chars = 0;
    };
    for (const key of new Set(wanted)) {
      const counter = counters.get(key);
      if (counter === undefined) continue;
      const theirs = totals.get(key);
      const lacking = new Map(
        [...partsOf(identity, counter)].filter(([name, part]) => part > (theirs?.get(name) ?? 0)),
      );
      if (lacking.size === 0 || charsOf(key, lacking) > MAX_COUNTER_CHARS) continue;
      piece.set(key, lacking);
      chars += charsOf(key, lacking);
      if (chars > MAX_PIECE_CHARS) await send();
    }
    if (piece.size > 0) await send();
  }

  *#ranges(leaves: readonly number[]): Generator<Range> {
    for (const leaf of leaves) {
      const counters = this.#index.leaf(leaf);
      let after = '';
      for (let at = 0; at === 0 || at < counters.length; at += MAX_RANGE_COUNTERS) {
        const some = counters.slice(at, at + MAX_RANGE_COUNTERS);
        const isLast = at + MAX_RANGE_COUNTERS >= counters.length;
        const end = isLast ? null : (some.at(-1)?.key ?? null);
        const listed = some.map((counter) => [counter.key, this.#index.digestOf(counter)] as const);
        yield { leaf, after, end, counters: listed };
        after = end ?? '';
      }
    }
  }
}

const isWithin = ({ after, end }: Range, key: string): boolean => key > after && (end === null || key <= end);

/** Returns `ranges` and as many more as fit into a request. */
function fill(ranges: readonly Range[], queue: Iterator<Range>, most: number): Range[] {
  const filled = [...ranges];
  let counters = filled.reduce((sum, range) => sum + range.counters.length, 0);
  while (filled.length < most && counters < MAX_REQUEST_COUNTERS) {
    const { value, done } = queue.next();
    if (done) break;
    filled.push(value);
    counters += value.counters.length;
  }
  return filled;
}

/** Whether a response brings the exchange nearer to its end. */
function isProgress({ complete, after }: Entries, ranges: readonly Range[]): boolean {
  if (complete > ranges.length || (complete === ranges.length && after !== '')) return false;
  return complete > 0 || after > (ranges[0]?.after ?? '');
}

/** The ranges that are left after a response. */
function remaining(ranges: readonly Range[], { complete, after }: Entries): Range[] {
  const [next, ...rest] = ranges.slice(complete);
  if (next === undefined || after === '') return ranges.slice(complete);
  return [{ ...next, after, counters: next.counters.filter(([key]) => key > after) }, ...rest];
}

/** The approximate length of a counter as JSON. */
export const charsOf = (key: string, parts: GCounter): number => {
  let chars = key.length + 8;
  for (const name of parts.keys()) chars += name.length + 20;
  return chars;
};
