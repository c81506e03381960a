/**
 * Counters as immutable values: `g-counter`. They need no server; JSON of a GCounter is what a server gives and takes as
 * `nodes`.
 */
export { GCounter } from './g-counter.ts';
export { PNCounter } from './pn-counter.ts';
export type { Order } from './order.ts';
