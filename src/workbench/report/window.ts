import type { Judgement } from '../nodes/checker.ts';
import type { Operation } from '../nodes/history.ts';
import type { TimeWindow } from './input.ts';

/** What a message diagram can show and still be read. */
const MESSAGES = 150;
/** A request, its answer, and what a node says to the store in between. */
const MESSAGES_PER_OPERATION = 8;
const OPERATIONS = Math.floor(MESSAGES / MESSAGES_PER_OPERATION);

/**
 * The part of the run that the message diagram shows: around the first anomaly, reaching back to the adds that were
 * acknowledged shortly before; without an anomaly, the first moments of the run.
 */
export function diagramWindow(operations: readonly Operation[], judgement: Judgement): TimeWindow {
  const focus = judgement.problems[0]?.operation;
  const window = windowOf(operations, focus, { before: OPERATIONS, after: 2 });
  if (focus === undefined) return window;
  // What comes long after the anomaly has nothing to do with it.
  const endMs = focus.completed.timeMs;
  return { ...window, toMs: Math.min(window.toMs, endMs + 1 + 0.15 * (endMs - window.fromMs)) };
}

export interface WindowSize {
  /** How many operations are shown, those that began together with the focus among them. */
  readonly before: number;
  /** How many that began after it ended. */
  readonly after: number;
}

/** A window around `focus`; or from the beginning of the run. */
export function windowOf(
  operations: readonly Operation[],
  focus: Operation | undefined,
  { before, after }: WindowSize,
): TimeWindow {
  const inOrder = operations.toSorted((a, b) => a.invoked.index - b.invoked.index);
  const ended = focus === undefined ? 0 : countBefore(inOrder, focus.completed.index);
  const began = focus === undefined ? 0 : countBefore(inOrder, focus.invoked.index);
  // However much is asked at once, a little of what came before belongs to the picture.
  const first = Math.max(0, Math.min(began - 2, Math.floor(ended - before)));
  const last = Math.max(ended + after, first + before + after);
  const shown = inOrder.slice(first, Math.ceil(last));
  const fromMs = shown[0]?.invoked.timeMs ?? 0;
  const ends = [...shown.map(({ invoked }) => invoked.timeMs), focus?.completed.timeMs ?? fromMs];
  const toMs = ends.reduce((latest, timeMs) => Math.max(latest, timeMs), fromMs);
  const margin = Math.max(0.5, (toMs - fromMs) * 0.02);
  return { fromMs: Math.max(0, fromMs - margin), toMs: toMs + margin };
}

/** How many operations began before the event of this index. */
const countBefore = (inOrder: readonly Operation[], index: number): number =>
  inOrder.filter((operation) => operation.invoked.index < index).length;
