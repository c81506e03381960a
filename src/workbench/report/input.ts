import type { Judgement } from '../nodes/checker.ts';
import type { Operation } from '../nodes/history.ts';
import type { FaultInterval } from '../sim/nemesis.ts';
import type { Delivery } from '../sim/network.ts';
import type { Results } from '../nodes/results.ts';

/** A part of the run, in ms since it began. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** All that a report is made from. */
export interface ReportInput {
  /** What was run and when: `g-counter, 20261122T102838.041Z`. */
  readonly title: string;
  readonly results: Results;
  readonly judgement: Judgement;
  readonly operations: readonly Operation[];
  /** Those inside `window`. */
  readonly deliveries: readonly Delivery[];
  /** What the message diagram shows. */
  readonly window: TimeWindow;
  readonly faults: readonly FaultInterval[];
  /** How many messages there were of each body type. */
  readonly messageTypes: Readonly<Record<string, number>>;
}
