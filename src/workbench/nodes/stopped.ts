/**
 * Why a run ends before its time.
 */

/** A node ended, or broke the protocol in a way that no run goes on after. The message says which and how. */
export class NodeFailure extends Error {}

/** The run was stopped before its end. */
export class Interrupted extends Error {}
