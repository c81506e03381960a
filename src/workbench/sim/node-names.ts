/**
 * The names of simulated nodes: n0, n1, …, as Maelstrom's `--node-count` names them.
 */

/** The names of `count` nodes. */
export const nodeNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
