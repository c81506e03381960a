/**
 * What all pictures of a run share: what was recorded, what follows for the whole run, and the part of it that is
 * worth a closer look. A report is built from this and from nothing else.
 */
import type { Problem } from '../nodes/checker.ts';
import type { Operation } from '../nodes/history.ts';
import type { Results } from '../nodes/results.ts';
import type { FaultInterval } from '../sim/active-faults.ts';
import type { Delivery } from '../sim/network.ts';

/** A part of the run, in ms since it began. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Everything that a report is made from. */
export interface ReportInput {
  /** What was run and when: `g-counter, 20261122T102838.041Z`. */
  readonly title: string;
  readonly results: Results;
  /** What the strict check found. */
  readonly problems: readonly Problem[];
  readonly operations: readonly Operation[];
  /** Those inside `window`. */
  readonly deliveries: readonly Delivery[];
  /** The messages that diagnoses name, wherever they are. */
  readonly evidence: readonly Delivery[];
  /** What the message diagram shows. */
  readonly window: TimeWindow;
  readonly faults: readonly FaultInterval[];
  /** The number of messages of each body type. */
  readonly messageTypes: Readonly<Record<string, number>>;
}

export interface View extends ReportInput {
  readonly nodeIds: readonly string[];
  readonly offenders: ReadonlySet<Operation>;
  /** From the beginning of the run to the last thing that happened. */
  readonly whole: TimeWindow;
}

export function viewOf(input: ReportInput): View {
  const { results, problems, operations, faults } = input;
  const ends = [
    ...operations.map(({ completed }) => completed.timeMs),
    ...faults.map(({ toMs }) => toMs).filter(Number.isFinite),
  ];
  const toMs = ends.reduce((latest, timeMs) => Math.max(latest, timeMs), 1);
  return {
    ...input,
    nodeIds: results.options.nodeIds,
    offenders: new Set(problems.map((problem) => problem.operation)),
    whole: { fromMs: 0, toMs },
    // A fault that was still active when the run was cut short has no end.
    faults: faults.map((fault) => ({ ...fault, toMs: Math.min(fault.toMs, toMs) })),
  };
}

/** The most messages that a diagram can show and still be read. */
const MESSAGES = 150;
/** A request, its reply, and what a node says to the store in between. */
const MESSAGES_PER_OPERATION = 8;
const OPERATIONS = Math.floor(MESSAGES / MESSAGES_PER_OPERATION);

/**
 * The part of the run that the message diagram shows: around the first anomaly, reaching back to the adds that were
 * acknowledged shortly before; without an anomaly, the first moments of the run.
 */
export function diagramWindow(operations: readonly Operation[], problems: readonly Problem[]): TimeWindow {
  const focus = problems[0]?.operation;
  const window = windowAround(focus, operations, { before: OPERATIONS, after: 2 });
  if (focus === undefined) return window;
  // What comes long after the anomaly has nothing to do with it.
  const endMs = focus.completed.timeMs;
  return { ...window, toMs: Math.min(window.toMs, endMs + 1 + 0.15 * (endMs - window.fromMs)) };
}

export interface WindowSize {
  /** The number of operations up to the end of the focus, those concurrent with it included. */
  readonly before: number;
  /** The number of operations that began after the focus ended. */
  readonly after: number;
}

/** A window around `focus`, or at the beginning of the run if there is no focus. */
export function windowAround(
  focus: Operation | undefined,
  operations: readonly Operation[],
  { before, after }: WindowSize,
): TimeWindow {
  const inOrder = operations.toSorted((a, b) => a.invoked.index - b.invoked.index);
  const ended = focus === undefined ? 0 : countBefore(inOrder, focus.completed.index);
  const began = focus === undefined ? 0 : countBefore(inOrder, focus.invoked.index);
  // However many operations are concurrent, a little of what came before belongs in the picture.
  const first = Math.max(0, Math.min(began - 2, Math.floor(ended - before)));
  const last = Math.max(ended + after, first + before + after);
  const shown = inOrder.slice(first, Math.ceil(last));
  const fromMs = shown[0]?.invoked.timeMs ?? 0;
  const ends = [...shown.map(({ invoked }) => invoked.timeMs), focus?.completed.timeMs ?? fromMs];
  const toMs = ends.reduce((latest, timeMs) => Math.max(latest, timeMs), fromMs);
  const margin = Math.max(0.5, (toMs - fromMs) * 0.02);
  return { fromMs: Math.max(0, fromMs - margin), toMs: toMs + margin };
}

/** The number of operations that began before the event with this index. */
const countBefore = (inOrder: readonly Operation[], index: number): number =>
  inOrder.filter((operation) => operation.invoked.index < index).length;
