/**
 * The two verdicts on a run. Each has its own idea of what a node promises, and one of them decides the exit status.
 */
import type { Offence } from './nodes.ts';
import type { FinalReads } from './maelstrom-check.ts';
import { type Interrupted, NodeFailure } from './stopped.ts';

/** `maelstrom` judges the final reads, as Maelstrom does (maelstrom-check.ts); `strict` every read (checker.ts). */
export const checks = ['maelstrom', 'strict'] as const;
export type Check = (typeof checks)[number];

export interface Verdict {
  /**
   * `unknown`: the run was cut short, and nothing was wrong until then. `crashed`: a node ended or did not start, for
   * which Maelstrom gives no verdict but an error.
   */
  readonly valid: boolean | 'unknown' | 'crashed';
  /** Why it is not valid, one sentence each. */
  readonly problems: readonly string[];
  /** Why a pass proves less than it seems to, one clause each. */
  readonly remarks: readonly string[];
}

export interface Findings {
  /** Why the run was cut short, if it was. */
  readonly stopped: NodeFailure | Interrupted | undefined;
  readonly offences: readonly Offence[];
  /** What the strict check found. */
  readonly problems: readonly string[];
  readonly finalReads: FinalReads;
  /** What makes a pass of either check prove less. */
  readonly remarks: readonly string[];
  /** What both checks demand of the figures and is not so. */
  readonly shortcomings: readonly string[];
}

export const verdictsOn = (findings: Findings): Readonly<Record<Check, Verdict>> => ({
  maelstrom: maelstroms(findings),
  strict: strict(findings),
});

/** Maelstrom judges only runs that come to their end, and does not ask whether nodes keep to the protocol. */
function maelstroms({ stopped, offences, finalReads, remarks, shortcomings }: Findings): Verdict {
  if (stopped !== undefined) {
    const valid = stopped instanceof NodeFailure ? 'crashed' : 'unknown';
    return { valid, problems: [stopped.message], remarks: [] };
  }
  const problems = [...finalReads.problems, ...shortcomings];
  const silences = offences
    .filter(({ silenced }) => silenced)
    .map(({ node, timeMs, text }) => `nothing from ${node} was read after ${seconds(timeMs)} s: it ${text}`);
  return {
    valid: problems.length === 0,
    problems,
    remarks: [...finalReads.remarks, ...silences, ...remarks],
  };
}

function strict({ stopped, offences, problems, remarks, shortcomings }: Findings): Verdict {
  const found = [...offences.map(({ node, text }) => `${node} ${text}`), ...problems];
  if (stopped !== undefined) {
    const valid = stopped instanceof NodeFailure || found.length > 0 ? false : 'unknown';
    return { valid, problems: [stopped.message, ...found], remarks: [] };
  }
  const all = [...found, ...shortcomings];
  return { valid: all.length === 0, problems: all, remarks };
}

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3);
