import { encodeParts } from '../../crdt/encode.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { type CounterState, nodesOf } from '../../crdt/counter-state.ts';

/** What is told of a counter wherever it is told whole. */
export const counterJson = (identity: Identity, key: string, state: CounterState): string =>
  `{"key":${JSON.stringify(key)},"value":${state.value},${partsJson(identity, state)}}`;

/** What merges, as members of an object. Few counters have a lowerBound. */
export const partsJson = (identity: Identity, state: CounterState): string =>
  `"nodes":${encodeParts(nodesOf(identity, state))}${state.lowerBound === 0 ? '' : `,"floor":${state.lowerBound}`}`;
