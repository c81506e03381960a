/**
 * Named counters as the port shows them, made from the counters that an engine keeps in memory. A view is a snapshot,
 * and cheap: its map of totals is made when it is asked for.
 */
import { type CounterState, nodesOf } from '../crdt/counter-state.ts';
import type { GCounter } from '../crdt/g-counter.ts';
import type { Counters } from './counters.ts';
import type { ChangedCounter, Changes, NamedCounter } from './store.ts';

/** A counter as the server with this node id shows it. */
export const namedCounter = (nodeId: string, key: string, state: CounterState): NamedCounter =>
  new View(nodeId, key, state, 0);

/** The page that `Store.list` resolves with. */
export function listPage(
  nodeId: string,
  counters: Counters,
  prefix: string,
  after: string | undefined,
  limit: number,
): NamedCounter[] {
  const page: NamedCounter[] = [];
  for (const counter of counters.list(prefix, after)) {
    if (page.length === limit) break;
    page.push(new View(nodeId, counter.key, counter, 0));
  }
  return page;
}

/** The changes that `Store.changesAfter` resolves with. */
export function changesAfter(
  nodeId: string,
  counters: Counters,
  position: number | undefined,
  prefix: string,
  limit: number,
): Changes {
  const latest = counters.position;
  if (position === undefined || !counters.remembers(position)) {
    return { counters: undefined, position: latest };
  }
  const changed: ChangedCounter[] = [];
  for (const counter of counters.changedAfter(position)) {
    if (!counter.key.startsWith(prefix)) continue;
    changed.push(new View(nodeId, counter.key, counter, counter.changedAt));
    if (changed.length === limit) return { counters: changed, position: counter.changedAt };
  }
  return { counters: changed, position: latest };
}

class View implements ChangedCounter {
  readonly key: string;
  readonly value: number;
  readonly lowerBound: number;
  readonly changedAt: number;
  readonly #nodeId: string;
  readonly #state: Pick<CounterState, 'own' | 'suffix' | 'others'>;

  constructor(nodeId: string, key: string, state: CounterState, changedAt: number) {
    const { own, suffix, others } = state;
    this.key = key;
    this.value = state.value;
    this.lowerBound = state.lowerBound;
    this.changedAt = changedAt;
    this.#nodeId = nodeId;
    this.#state = { own, suffix, others };
  }

  get nodes(): GCounter {
    return nodesOf({ nodeId: this.#nodeId }, this.#state);
  }
}
