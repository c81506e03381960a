import type { Identity } from '../incarnation.ts';
import { type CounterState, nodesOf } from '../state.ts';
import { encodeNodes } from '../storage/record.ts';

/** What is told of a counter wherever it is told whole. */
export const counterJson = (identity: Identity, key: string, state: CounterState): string =>
  `{"key":${JSON.stringify(key)},"value":${state.value},"nodes":${encodeNodes(nodesOf(identity, state))}}`;
