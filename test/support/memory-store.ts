/** The smallest engine that is a store: counters in memory, where every write takes effect at once. */
import * as state from '../../src/crdt/counter-state.ts';
import { firstIdentity } from '../../src/crdt/replica-id.ts';
import { ApiError, type StoreErrorCode } from '../../src/store/api-error.ts';
import { Counters } from '../../src/store/counters.ts';
import { IdempotencyRecords, valuesAfterEach, valuesToKeep } from '../../src/store/idempotency.ts';
import { largestOf, slicesOf } from '../../src/store/largest.ts';
import { changesAfter, listPage, namedCounter } from '../../src/store/named-counter.ts';
import type { Store, StoreLimits } from '../../src/store/store.ts';

export function memoryStore(limits: StoreLimits, nowMs: () => number): Store {
  const identity = firstIdentity('node-1');
  const { nodeId } = identity;
  const counters = new Counters();
  const records = new IdempotencyRecords(limits);
  const stateOf = (key: string): state.CounterState => counters.get(key) ?? state.zero;
  const set = (states: ReadonlyMap<string, state.CounterState>): void => {
    const added = [...states.keys()].filter((key) => counters.get(key) === undefined).length;
    check(counters.size + added <= limits.maxCounters, 'too_many_counters');
    for (const [key, each] of states) counters.set(key, each);
  };
  return {
    nodeId,
    memory: { scope: 'server', windowMs: limits.windowMs },
    async increment(increments, idempotency) {
      const timeMs = nowMs();
      const record = idempotency && records.get(idempotency.id, timeMs);
      check(
        record === undefined || record.fingerprint === idempotency?.fingerprint,
        'idempotency_key_reused',
      );
      if (record !== undefined) return { nodeId, values: valuesAfterEach(increments, record.values) };
      check(idempotency === undefined || records.hasRoomFor(1, timeMs), 'too_many_idempotency_keys');
      const states = new Map<string, state.CounterState>();
      const values = increments.map(({ key, amount }) => {
        const after = state.incremented(identity, states.get(key) ?? stateOf(key), amount);
        check(after !== undefined, 'overflow');
        states.set(key, after);
        return after.value;
      });
      set(states);
      if (idempotency !== undefined) {
        records.set(idempotency.id, { ...idempotency, values: valuesToKeep(increments, values), timeMs });
      }
      return { nodeId, values };
    },
    async merge(key, parts) {
      const before = stateOf(key);
      // Nobody but this store increments its total, and it has forgotten none of it.
      check(!state.showsMore(identity, before, parts), 'invalid_nodes');
      const after = state.merged(identity, key, before, parts);
      check(after !== undefined, 'overflow');
      check(state.nodesOf(identity, after).size <= limits.maxNodes, 'too_many_nodes');
      if (after.value > 0) set(new Map([[key, after]]));
      return namedCounter(nodeId, key, after);
    },
    async raiseTo(key, lowerBound) {
      const { value } = stateOf(key);
      if (lowerBound <= value) return value;
      return (await this.merge(key, new Map([[state.LOWER_BOUND, lowerBound]]))).value;
    },
    read: async (key) => namedCounter(nodeId, key, stateOf(key)),
    list: async (prefix, after, limit) => listPage(nodeId, counters, prefix, after, limit),
    largest: (prefix, limit) =>
      largestOf(
        slicesOf(nodeId, counters, prefix, async () => {}),
        limit,
      ),
    changesAfter: async (position, prefix, limit) => changesAfter(nodeId, counters, position, prefix, limit),
    async health() {
      const sizes = { counters: counters.size, idempotencyRecords: records.size };
      return { isWritable: true, ...sizes, logBytes: 0, snapshots: 0 };
    },
  };
}

function check(condition: boolean, code: StoreErrorCode): asserts condition {
  if (!condition) throw new ApiError(code, `refused: ${code}`);
}
