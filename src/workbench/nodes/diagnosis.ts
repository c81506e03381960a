/**
 * Why a run went as it did and what to try, for people: what results.json holds for each mistake that has been
 * recognised (diagnosis/). The names of the fields are part of that format.
 */
export interface Diagnosis {
  /** The mistake, and its section in docs/diagnoses.md: `stale-read`. */
  readonly id: string;
  /** What happened the first time, with the names, values and moments of this run. */
  readonly evidence: string;
  /** What to try. */
  readonly remedy: string;
  /** The section of the documents that has more. */
  readonly docs: string;
  /** How often it happened. */
  readonly count: number;
  /** The ids in messages.jsonl of the messages that show it, the first time. */
  readonly messages: readonly number[];
}
