/**
 * Merges many counters into etcd, as an import does: by the larger total under each name, in transactions of as many counters
 * as fit. It holds no slot. Every total is put only if its entry is as it was read, and every counter is created only if there
 * was none; so whatever is sent again, comes late, or was cut off and is repeated, counts once, while servers count on.
 *
 * A transaction is tried on the assumption that what has not been read is not there, and tells what is there if that is
 * wrong: the first import takes one transaction for each batch, and to repeat it takes one that finds nothing to do.
 */
import type { GCounter } from '../../crdt/g-counter.ts';
import { decodeJson, integer } from '../../runtime/decode.ts';
import type { Endpoints } from './endpoints.ts';
import { type Entries, entriesFrom } from './entries.ts';
import { type Compare, type KeyValue, MAX_OPERATIONS, type Operation, type OperationResult } from './etcd.ts';
import { isLarge } from './groups.ts';
import { checkMerge, unchanged } from './guarded.ts';
import type { Keyspace } from './keys.ts';

/** How many totals of a counter can be merged at a time. */
export const MAX_TOTALS_IN_BULK = 60;

/** How often a batch is refused before it is merged in halves, which others are less likely to disturb. */
const MAX_REFUSALS = 4;

export interface BulkMergeOptions {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  /** The name that created counters are counted under. Nobody else must count any under it at the same time. */
  readonly creator: string;
  /** How long to ask for what has not been answered, in milliseconds. */
  readonly patienceMs: number;
  readonly nowMs: () => number;
}

/** A counter as it was read. */
interface Seen extends Entries {
  readonly byName: ReadonlyMap<string, KeyValue>;
  /** 0 if it is only assumed that it is not there. */
  readonly revision: number;
}

const ABSENT: Seen = { nodes: new Map(), value: 0, isLarge: false, byName: new Map(), revision: 0 };

/** What has to hold for some counters to be merged, and what is put then. */
interface Plan {
  readonly counters: string[];
  readonly compare: Compare[];
  readonly puts: Operation[];
  readonly names: Set<string>;
  created: number;
}

export class BulkMerge {
  readonly #options: BulkMergeOptions;
  /** Whether names are of slots that somebody may claim. */
  readonly #isSlot = new Map<string, boolean>();
  /** Undefined if none ever has been. */
  #created: number | undefined;

  private constructor(options: BulkMergeOptions) {
    this.#options = options;
  }

  /** Rejects with an EtcdError if etcd does not answer in time. */
  static async open(options: BulkMergeOptions): Promise<BulkMerge> {
    const merge = new BulkMerge(options);
    const [created] = await merge.#ranges([{ range: options.keys.created(options.creator) }]);
    merge.#learnCreated(created);
    return merge;
  }

  /** How many counters have been created under the name of the creator, at any time. */
  get created(): number {
    return this.#created ?? 0;
  }

  /**
   * Merges totals by counter and name, at most MAX_TOTALS_IN_BULK for each counter. Resolves when they are in etcd. Rejects
   * with an EtcdError if etcd refuses or does not answer in time, with an ApiError if a value would pass 2^53 − 1, and with a
   * DecodeError if there is something else in etcd. What has been merged until then stays.
   */
  async merge(batch: ReadonlyMap<string, GCounter>): Promise<void> {
    const rest = new Map(batch);
    const seen = await this.#lookIfSlots(rest);
    for (let refusals = 0; rest.size > 0;) {
      const plan = this.#plan(rest, seen);
      const slots = [...plan.names].filter((name) => this.#isSlot.get(name));
      for (const slot of slots) await this.#retire(slot);
      if (plan.counters.length === 0 || (await this.#commit(plan, seen))) {
        for (const counter of plan.counters) rest.delete(counter);
        refusals = 0;
      } else if (++refusals === MAX_REFUSALS && rest.size > 1) {
        const entries = [...rest];
        const half = entries.length >> 1;
        await this.merge(new Map(entries.slice(0, half)));
        await this.merge(new Map(entries.slice(half)));
        return;
      }
    }
  }

  /** Plans as many counters as fit into a transaction. Those with nothing to do are deleted. */
  #plan(rest: Map<string, GCounter>, seen: ReadonlyMap<string, Seen>): Plan {
    const plan: Plan = { counters: [], compare: [], puts: [], names: new Set(), created: 0 };
    for (const [counter, totals] of rest) {
      const before = seen.get(counter) ?? ABSENT;
      const larger = new Map([...totals].filter(([name, total]) => total > (before.nodes.get(name) ?? 0)));
      if (larger.size === 0) {
        rest.delete(counter);
        continue;
      }
      const [compare, puts] = this.#merged(counter, before, larger);
      const most = Math.max(plan.compare.length + compare.length, plan.puts.length + puts.length);
      // One more counts what is created.
      if (most >= MAX_OPERATIONS) break;
      plan.counters.push(counter);
      plan.compare.push(...compare);
      plan.puts.push(...puts);
      for (const name of larger.keys()) plan.names.add(name);
      if (before.nodes.size === 0) plan.created++;
    }
    return plan;
  }

  #merged(counter: string, before: Seen, larger: GCounter): [compare: Compare[], puts: Operation[]] {
    const { keys } = this.#options;
    const after = checkMerge(counter, before, larger, { maxNodes: Infinity });
    const puts: Operation[] = [...larger].map(([name, total]) => ({
      put: keys.entry(counter, name),
      value: String(total),
    }));
    const mark = keys.largeMark(counter);
    if (isLarge(after, 0) && !before.isLarge) puts.push({ put: mark, value: '' });
    const isNew = before.nodes.size === 0;
    if (isNew || before.isLarge || isLarge(after, after - before.value)) {
      const { range: key, rangeEnd } = keys.entriesOf(counter);
      return [[{ key, rangeEnd, notPutAfter: isNew ? 0 : before.revision }], puts];
    }
    // Servers count under entries of their own, which may change: nobody waits for anybody.
    const entries = [...larger.keys()].map((name) =>
      unchanged(keys.entry(counter, name), before.byName.get(name)),
    );
    return [[{ key: mark, isAbsent: true }, ...entries], puts];
  }

  /** Does what is planned, or resolves with false, and then what is there has been seen. */
  async #commit({ counters, compare, puts, created }: Plan, seen: Map<string, Seen>): Promise<boolean> {
    const { keys, creator } = this.#options;
    const key = keys.created(creator);
    const before: Compare =
      this.#created === undefined ? { key, isAbsent: true } : { key, value: String(this.#created) };
    const after = this.created + created;
    const { succeeded, results, revision } = await this.#options.endpoints.txnUntil(
      {
        compare: [...compare, before],
        // Put where nothing is created, too: servers watch for it (quiet.ts).
        success: [...puts, { put: key, value: String(after) }],
        failure: [{ range: key }, ...counters.map(keys.entriesOf)],
      },
      this.#untilMs,
    );
    if (succeeded) this.#created = after;
    else {
      this.#learnCreated(results[0]);
      this.#learn(counters, results.slice(1), revision, seen);
    }
    return succeeded;
  }

  /** What is there of counters with totals under names of slots, since only a larger total than is there retires a slot. */
  async #lookIfSlots(batch: ReadonlyMap<string, GCounter>): Promise<Map<string, Seen>> {
    const { endpoints, keys } = this.#options;
    const seen = new Map<string, Seen>();
    const names = new Set([...batch.values()].flatMap((totals) => [...totals.keys()]));
    for (const name of names) {
      if (this.#isSlot.has(name)) continue;
      const [seq, retired] = await this.#ranges([{ range: keys.seq(name) }, { range: keys.retired(name) }]);
      this.#isSlot.set(name, seq?.found.length === 1 && retired?.found.length === 0);
    }
    const counters = [...batch]
      .filter(([, totals]) => [...totals.keys()].some((name) => this.#isSlot.get(name)))
      .map(([counter]) => counter);
    for (let from = 0; from < counters.length; from += MAX_OPERATIONS) {
      const some = counters.slice(from, from + MAX_OPERATIONS);
      const { results, revision } = await endpoints.ranges(some.map(keys.entriesOf), this.#untilMs);
      this.#learn(some, results, revision, seen);
    }
    return seen;
  }

  /** Sees to it that nobody counts under a name any more: others do elsewhere. */
  async #retire(slot: string): Promise<void> {
    const { endpoints, keys } = this.#options;
    for (let isDone = false; !isDone;) {
      const [result] = await this.#ranges([{ range: keys.live(slot) }]);
      const live = result?.found[0];
      const retire: Operation = { put: keys.retired(slot), value: '' };
      const { succeeded } = await endpoints.txnUntil(
        {
          compare: [unchanged(keys.live(slot), live)],
          success: live === undefined ? [retire] : [retire, { delete: keys.live(slot) }],
          failure: [],
        },
        this.#untilMs,
      );
      isDone = succeeded;
    }
    this.#isSlot.set(slot, false);
  }

  get #untilMs(): number {
    return this.#options.nowMs() + this.#options.patienceMs;
  }

  async #ranges(ranges: Parameters<Endpoints['ranges']>[0]): Promise<readonly OperationResult[]> {
    return (await this.#options.endpoints.ranges(ranges, this.#untilMs)).results;
  }

  #learnCreated(result: OperationResult | undefined): void {
    const [found] = result?.found ?? [];
    if (found !== undefined) this.#created = integer(decodeJson(found.value));
  }

  #learn(
    counters: readonly string[],
    results: readonly OperationResult[],
    revision: number,
    seen: Map<string, Seen>,
  ): void {
    const { keys } = this.#options;
    for (const [index, counter] of counters.entries()) {
      const found = results[index]?.found ?? [];
      const byName = new Map(found.map((each) => [keys.parseEntry(each.key).name, each]));
      seen.set(counter, { ...entriesFrom(keys, found), byName, revision });
    }
  }
}
