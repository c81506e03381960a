/**
 * Named counters as the port shows them, made from the counters that an engine keeps in memory. Pages and changes are
 * lazy: a reader that stops early pays only for what it has read.
 */
import { type CounterState, nodesOf } from '../crdt/counter-state.ts';
import type { Counters } from './counters.ts';
import type { ChangedCounter, Changes, NamedCounter } from './store.ts';

/** A counter as the server with this node id shows it. */
export const namedCounter = (nodeId: string, key: string, state: CounterState): NamedCounter => ({
  key,
  value: state.value,
  nodes: nodesOf({ nodeId }, state),
  lowerBound: state.lowerBound,
});

/** The page that `Store.list` resolves with. */
export function* listPage(
  nodeId: string,
  counters: Counters,
  prefix: string,
  after: string | undefined,
  limit: number,
): Generator<NamedCounter> {
  let left = limit;
  for (const counter of counters.list(prefix, after)) {
    if (left-- <= 0) return;
    yield namedCounter(nodeId, counter.key, counter);
  }
}

/** The changes that `Store.changesAfter` resolves with. */
export function changesAfter(
  nodeId: string,
  counters: Counters,
  position: number | undefined,
  prefix: string,
): Changes {
  const isKnown = position !== undefined && counters.remembers(position);
  return {
    counters: isKnown ? changed(nodeId, counters, position, prefix) : undefined,
    position: counters.position,
  };
}

function* changed(
  nodeId: string,
  counters: Counters,
  position: number,
  prefix: string,
): Generator<ChangedCounter> {
  for (const counter of counters.changedAfter(position)) {
    if (!counter.key.startsWith(prefix)) continue;
    const { changedAt } = counter;
    yield { ...namedCounter(nodeId, counter.key, counter), changedAt };
  }
}
