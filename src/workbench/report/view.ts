import type { Problem } from '../nodes/checker.ts';
import type { Operation } from '../nodes/history.ts';
import { type Bounds, boundsOf } from './bounds.ts';
import type { ReportInput, TimeWindow } from './input.ts';
import { type Shape, plainShapes } from './marks.ts';
import { HUES } from './palette.ts';

/** What all pictures of one run share. */
export interface View extends ReportInput {
  readonly nodeIds: readonly string[];
  /** The problems that the verdict rests on. A run that was cut short has not been judged. */
  readonly problems: readonly Problem[];
  readonly offenders: ReadonlySet<Operation>;
  /** From the beginning of the run to the last thing that happened. */
  readonly whole: TimeWindow;
  readonly bounds: Bounds;
}

export function viewOf(input: ReportInput): View {
  const { results, judgement, operations, faults } = input;
  const reported = new Set(results.problems);
  const problems = judgement.problems.filter((problem) => reported.has(problem.text));
  const ends = [
    ...operations.map(({ completed }) => completed.timeMs),
    ...faults.map(({ toMs }) => toMs).filter(Number.isFinite),
  ];
  const toMs = ends.reduce((latest, timeMs) => Math.max(latest, timeMs), 1);
  return {
    ...input,
    nodeIds: results.options.nodeIds,
    problems,
    offenders: new Set(problems.map((problem) => problem.operation)),
    whole: { fromMs: 0, toMs },
    // A fault that was still there when the run was cut short has no end.
    faults: faults.map((fault) => ({ ...fault, toMs: Math.min(fault.toMs, toMs) })),
    bounds: boundsOf(operations),
  };
}

/** How a node is drawn wherever nodes are told apart. */
export function nodeLook(
  { nodeIds }: View,
  node: string,
): { readonly colour: string; readonly shape: Shape } {
  const index = Math.max(0, nodeIds.indexOf(node));
  const shape = plainShapes[Math.floor(index / HUES) % plainShapes.length] ?? 'dot';
  return { colour: `c${index % HUES}`, shape };
}
