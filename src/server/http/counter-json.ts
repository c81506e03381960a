/**
 * Counters as JSON on the wire. Encoded by hand: it is on the path of every read, of every list and of every change.
 */
import { encodeParts } from '../../crdt/encode.ts';
import type { NamedCounter } from '../../store/store.ts';

/** A counter with its value and all that merges. */
export const counterJson = (counter: NamedCounter): string =>
  `{"key":${JSON.stringify(counter.key)},"value":${counter.value},${partsJson(counter)}}`;

/** What merges, as members of an object. Few counters have a lower bound. */
export const partsJson = ({ nodes, lowerBound }: NamedCounter): string =>
  `"nodes":${encodeParts(nodes)}${lowerBound === 0 ? '' : `,"floor":${lowerBound}`}`;
