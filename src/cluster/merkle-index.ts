/**
 * The Merkle index: follows the counters of a replica and keeps their Merkle tree, the counters of each leaf, and the
 * latest local changes in order, so that replication can push what is new and compare the rest.
 */
import { replicaIdOf } from '../crdt/replica-id.ts';
import { type CounterState, LOWER_BOUND, partsOf, zero } from '../crdt/counter-state.ts';
import { ChangeRing } from '../runtime/change-ring.ts';
import type { Counter, Counters } from '../store/counters.ts';
import { MerkleTree, LEAVES, encodeDigest, leafOf } from './merkle-tree.ts';
import { type Hash, hashPart, hashText } from './hash.ts';

/** How many local changes are kept for peers that are behind. A peer further behind is compared with instead. */
export const REMEMBERED = 65_536;

export class MerkleIndex {
  readonly tree = new MerkleTree();
  /** The counters that changed here, in order: those that peers have to be told of. */
  readonly changes = new ChangeRing<Counter>(REMEMBERED);
  readonly #nodeId: string;
  readonly #leaves: (Counter[] | undefined)[] = Array.from({ length: LEAVES });
  readonly #names = new Map<string, Hash>();
  readonly #scratch: Hash = { high: 0, low: 0 };

  /** `onChange` is called at each change that peers have to be told of. */
  constructor(nodeId: string, counters: Counters, onChange: () => void) {
    this.#nodeId = nodeId;
    counters.observe((counter, known, after) => {
      const key = hashText(counter.key);
      if (known === undefined) (this.#leaves[leafOf(key)] ??= []).push(counter);
      const before = known ?? zero;
      this.#rehash(key, before, after);
      const isOurs = after.own > 0 && (after.own !== before.own || after.suffix !== before.suffix);
      if (!isOurs && after.lowerBound === before.lowerBound) return;
      this.changes.push(counter);
      onChange();
    });
  }

  /** The counters of a leaf in the order of their keys. */
  leaf(index: number): Counter[] {
    return (this.#leaves[index] ?? []).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The digest of one counter. */
  digestOf(counter: Counter): string {
    const key = hashText(counter.key);
    const sum = { high: 0, low: 0 };
    for (const [name, total] of partsOf({ nodeId: this.#nodeId }, counter)) {
      hashPart(key, this.#nameHash(name), total, this.#scratch);
      sum.high ^= this.#scratch.high;
      sum.low ^= this.#scratch.low;
    }
    return encodeDigest(sum);
  }

  #rehash(key: Hash, before: CounterState, after: CounterState): void {
    const leaf = leafOf(key);
    const toggle = (node: string, total: number): void => {
      if (total === 0) return;
      hashPart(key, this.#nameHash(node), total, this.#scratch);
      this.tree.toggle(leaf, this.#scratch);
    };
    if (before.suffix !== after.suffix || before.others !== after.others) {
      for (const [node, total] of partsOf({ nodeId: this.#nodeId }, before)) toggle(node, total);
      for (const [node, total] of partsOf({ nodeId: this.#nodeId }, after)) toggle(node, total);
      return;
    }
    if (before.own !== after.own) {
      const own = replicaIdOf(this.#nodeId, after.suffix);
      toggle(own, before.own);
      toggle(own, after.own);
    }
    if (before.lowerBound !== after.lowerBound) {
      toggle(LOWER_BOUND, before.lowerBound);
      toggle(LOWER_BOUND, after.lowerBound);
    }
  }

  #nameHash(name: string): Hash {
    let hash = this.#names.get(name);
    if (hash === undefined) {
      hash = hashText(name);
      this.#names.set(name, hash);
    }
    return hash;
  }
}
