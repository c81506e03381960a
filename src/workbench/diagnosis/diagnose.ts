/**
 * Recognises why a run went as it did: tries every known mistake on what was recorded.
 */
import type { Problem } from '../nodes/checker.ts';
import type { Diagnosis } from '../nodes/diagnosis.ts';
import type { Results } from '../nodes/results.ts';
import type { Run } from '../nodes/run.ts';
import type { Delivery } from '../sim/network.ts';
import { addedTwice } from './added-twice.ts';
import { memoryOnly } from './memory-only.ts';
import { Messages } from './messages.ts';
import { comparedWithBest, farFromBest } from './far-from-best.ts';
import type { Finding, Mistake } from './mistake.ts';
import { answersLate, lineNotMessage, replyToNobody } from './offences.ts';
import { noLineEnd, nothingArrives } from './output.ts';
import { replyToWrongRequest, replyWithoutId } from './replies.ts';
import { sharedKey } from './shared-key.ts';
import { staleRead } from './stale-read.ts';
import { swapGivenUp } from './swap-given-up.ts';

/** What keeps a node from being heard comes first, then what makes it count wrong. */
const mistakes: readonly Mistake[] = [
  nothingArrives,
  noLineEnd,
  lineNotMessage,
  replyToNobody,
  replyWithoutId,
  replyToWrongRequest,
  answersLate,
  memoryOnly,
  swapGivenUp,
  addedTwice,
  staleRead,
  sharedKey,
];

/** All that may be recognised. */
export const diagnosisIds: readonly string[] = [...mistakes, farFromBest].map(({ id }) => id);

/** How many messages are looked at, the first of a run. More would take more memory than the run itself. */
const MAX_MESSAGES = 100_000;

/** Keeps the messages of a run for its diagnoses. */
export class MessageLog {
  readonly deliveries: Delivery[] = [];

  record(delivery: Delivery): void {
    if (this.deliveries.length < MAX_MESSAGES) this.deliveries.push(delivery);
  }
}

/** A run that has ended. */
export interface Ended {
  readonly run: Pick<Run, 'options' | 'offences' | 'outputs'>;
  /** What the strict check found. */
  readonly problems: readonly Problem[];
  readonly results: Results;
  readonly log: MessageLog;
}

/** Resolves with the results and what was recognised. */
export async function withDiagnoses({ run, problems, results, log }: Ended): Promise<Results> {
  const { options, offences, outputs } = run;
  const recorded = { messages: new Messages(log.deliveries), results, problems, offences, outputs };
  const diagnoses = mistakes.flatMap((mistake) => diagnosisOf(mistake, mistake.find(recorded)));
  const cost = diagnosisOf(farFromBest, await comparedWithBest(recorded, options));
  return { ...results, diagnoses: [...diagnoses, ...cost] };
}

function diagnosisOf({ id, remedy }: Omit<Mistake, 'find'>, findings: readonly Finding[]): Diagnosis[] {
  const [first] = findings;
  if (first === undefined) return [];
  return [{ id, ...first, remedy, docs: `docs/diagnoses.md#${id}`, count: findings.length }];
}
