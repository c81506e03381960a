import { AntiEntropy } from '../../src/cluster/anti-entropy.ts';
import { decodeResponse, decodeRequest, encodeResponse, encodeRequest } from '../../src/cluster/codec.ts';
import { Counters } from '../../src/store/counters.ts';
import { leafOf } from '../../src/cluster/merkle-tree.ts';
import { hashText } from '../../src/cluster/hash.ts';
import type { ResponseBody, RequestBody, Sender } from '../../src/cluster/messages.ts';
import { MerkleIndex } from '../../src/cluster/merkle-index.ts';
import type { Replica } from '../../src/cluster/replica.ts';
import type { GCounter } from '../../src/crdt/g-counter.ts';
import {
  type Identity,
  firstIdentity,
  hasRandomSuffix,
  randomSuffix,
  replicaIdOf,
} from '../../src/crdt/replica-id.ts';
import {
  type CounterState,
  type Totals,
  merged,
  partsOf,
  incremented,
  restored,
  showsMore,
  zero,
} from '../../src/crdt/counter-state.ts';
import { streams } from '../../src/workbench/sim/random.ts';

/** Counters in remembered, with a disk that never fails and takes no time. */
export class MemoryReplica implements Replica {
  readonly counters = new Counters();
  /** How many parts were merged that changed nothing. */
  useless = 0;
  #identity: Identity;
  readonly #newSuffix: () => number;

  constructor(nodeId: string, suffix = 1, seed = 1) {
    this.#identity = firstIdentity(nodeId, suffix);
    const random = streams(seed)(nodeId);
    this.#newSuffix = () => randomSuffix(random.next());
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The name that it counts under. */
  get name(): string {
    return replicaIdOf(this.#identity.nodeId, this.#identity.suffix);
  }

  add(key: string, amount = 1): void {
    this.#set(key, incremented(this.#identity, this.#stateOf(key), amount));
  }

  /** Takes parts as from its own disk. */
  restore(key: string, parts: GCounter): void {
    this.#set(key, restored(this.#identity, this.#stateOf(key), parts));
  }

  /** Counts from now on under another name of its own. */
  become(suffix: number): void {
    const left = new Map<string, number>();
    for (const key of this.counters.keys()) left.set(key, this.#stateOf(key).own);
    const counted = new Map([...this.#identity.counted, [this.name, left] as const]);
    this.#identity = { ...this.#identity, suffix, counted };
  }

  merge(totals: Totals): Promise<boolean> {
    for (const [key, shown] of totals) {
      const before = this.#stateOf(key);
      if (showsMore(this.#identity, before, shown)) this.become(this.#newSuffix());
      const after = merged(this.#identity, key, before, shown);
      const held = partsOf(this.#identity, before);
      if ([...shown].every(([name, part]) => part <= (held.get(name) ?? 0))) this.useless++;
      if (after !== undefined) this.#set(key, after);
    }
    return Promise.resolve(true);
  }

  useRandomReplicaId(): Promise<void> {
    if (!hasRandomSuffix(this.#identity.suffix)) this.become(this.#newSuffix());
    return Promise.resolve();
  }

  value(key: string): number {
    return this.counters.get(key)?.value ?? 0;
  }

  /** All that it holds, in an order that depends on nothing else. */
  contents(): Record<string, Record<string, number>> {
    const entries = [...this.counters.list('')].map(
      (counter) => [counter.key, Object.fromEntries(partsOf(this.#identity, counter))] as const,
    );
    return Object.fromEntries(entries.filter(([, parts]) => Object.keys(parts).length > 0));
  }

  #stateOf(key: string): CounterState {
    return this.counters.get(key) ?? zero;
  }

  #set(key: string, state: CounterState | undefined): void {
    if (state === undefined) throw new Error('this passes 2^53 - 1');
    this.counters.set(key, state);
  }
}

/** A replica that can be compared. */
export class Side {
  readonly replica: MemoryReplica;
  readonly index: MerkleIndex;
  readonly antiEntropy: AntiEntropy;

  constructor(replica: MemoryReplica) {
    this.replica = replica;
    this.index = new MerkleIndex(replica.identity.nodeId, replica.counters, () => {});
    this.antiEntropy = new AntiEntropy(replica, this.index);
  }

  async answer(body: RequestBody): Promise<ResponseBody> {
    if (body.type === 'compare') return this.antiEntropy.differ(body);
    if (body.type === 'exchange') return this.antiEntropy.entries(body);
    if (body.type !== 'update') throw new Error(`nobody asks for ${body.type}`);
    await this.replica.merge(body.totals);
    return { type: 'done' };
  }
}

export const SENDER: Sender = { cluster: 'c', id: 'node-9', bootId: 'k3f9qz', at: 8080, upMs: 1 };

/** Answers as `side` does, with everything as text in between. Tells what was said. */
export function overText(
  side: Side,
  onMessage: (text: string, body: RequestBody | ResponseBody) => void,
): (body: RequestBody) => Promise<ResponseBody> {
  let seq = 0;
  return async (body) => {
    const asked = encodeRequest({ from: SENDER, to: 'b00t', seq: ++seq, body });
    onMessage(asked, body);
    const answer = await side.answer(decodeRequest(asked).body);
    const answered = encodeResponse({ from: SENDER, body: answer });
    onMessage(answered, answer);
    return decodeResponse(answered).body;
  };
}

export const leafOfKey = (key: string): number => leafOf(hashText(key));
