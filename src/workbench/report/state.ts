/**
 * What the report and the list of runs call the two verdicts on a run, and the state that each of them is in. A pass
 * that proves little has a state of its own.
 */
import type { Check, Verdict } from '../nodes/verdict.ts';
import { cut } from './format.ts';

/** Safe between tags. */
export const checkNames: Readonly<Record<Check, string>> = {
  maelstrom: "Maelstrom's check",
  strict: 'every read',
};

export interface State {
  /** Safe between tags. */
  readonly word: string;
  /** The class that gives it its colours. */
  readonly look: 'good' | 'doubtful' | 'bad' | 'unsure';
  /** Why a pass proves less than it seems to, one clause each; empty if it does not, or is none. */
  readonly doubts: readonly string[];
}

/** `answeredReads` is the number of reads that were answered, undefined if it is not known. */
export function stateOf(
  check: Check,
  { valid, remarks }: Pick<Verdict, 'valid' | 'remarks'>,
  answeredReads: number | undefined,
): State {
  switch (valid) {
    case true: {
      const silent = check === 'strict' && answeredReads === 0 ? ['no read was answered'] : [];
      const doubts = [...silent, ...remarks];
      return doubts.length === 0
        ? { word: 'VALID', look: 'good', doubts }
        : { word: 'VALID, though', look: 'doubtful', doubts };
    }
    case false:
      return { word: 'INVALID', look: 'bad', doubts: [] };
    case 'unknown':
      return { word: 'UNKNOWN', look: 'unsure', doubts: [] };
    case 'crashed':
      return { word: 'NONE', look: 'bad', doubts: [] };
  }
}

/** The first doubts in a line, for where there is little room. */
export function doubtsInShort({ doubts }: State, shown: number, length: number): string {
  const more = doubts.length - shown;
  const parts = doubts.slice(0, shown).map((doubt) => cut(doubt, length));
  return parts.join('; ') + (more > 0 ? `, and ${more} more` : '');
}
