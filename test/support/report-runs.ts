/** Histories to report on, and the input for reports on them. */
import { judge } from '../../src/workbench/nodes/checker.ts';
import type {
  AddOperation,
  Moment,
  Operation,
  Outcome,
  ReadOperation,
} from '../../src/workbench/nodes/history.ts';
import type { Delivery } from '../../src/workbench/sim/network.ts';
import { type ReportInput, diagramWindow } from '../../src/workbench/report/view.ts';
import { summarise } from '../../src/workbench/nodes/results.ts';
import type { Offence } from '../../src/workbench/nodes/nodes.ts';
import type { RunOptions } from '../../src/workbench/nodes/options.ts';
import type { Interrupted, NodeFailure } from '../../src/workbench/nodes/stopped.ts';
import type { Check } from '../../src/workbench/nodes/verdict.ts';
import { standard } from './run-options.ts';

/** One event per millisecond. */
const moment = (index: number): Moment => ({ index, timeMs: index });

export const add = (
  invoked: number,
  completed: number,
  delta: number,
  of: Partial<AddOperation> = {},
): AddOperation => ({
  f: 'add',
  process: 0,
  node: 'n0',
  invoked: moment(invoked),
  completed: moment(completed),
  outcome: 'ok',
  final: false,
  delta,
  ...of,
});

export const read = (
  invoked: number,
  completed: number,
  value: number,
  of: Partial<ReadOperation> = {},
): ReadOperation => ({
  f: 'read',
  process: 1,
  node: 'n1',
  invoked: moment(invoked),
  completed: moment(completed),
  outcome: 'ok',
  value,
  final: false,
  ...of,
});

/** A read that failed. */
export const unanswered = (
  invoked: number,
  completed: number,
  of: Partial<ReadOperation> = {},
): ReadOperation => {
  const { value: _, ...base } = read(invoked, completed, 0, { outcome: 'fail', error: 'timeout', ...of });
  return base;
};

export const delivery = (
  id: number,
  src: string,
  dest: string,
  body: object,
  of: Partial<Delivery> = {},
): Delivery => ({
  id,
  message: { src, dest, body: { ...body } },
  sentMs: id,
  receivedMs: id + 1,
  ...of,
});

/** What happened beside the operations, and who judged them. */
interface Circumstances {
  readonly stopped?: NodeFailure | Interrupted;
  readonly offences?: readonly Offence[];
  readonly check?: Check;
  readonly program?: readonly string[];
}

/** The input for a report on these operations, as a run directory assembles it. */
export function inputOf(
  operations: readonly Operation[],
  of: Partial<ReportInput> = {},
  options: Partial<RunOptions> = {},
  { stopped, offences = [], check = 'strict', program = ['bin/g-counter'] }: Circumstances = {},
): ReportInput {
  const problems = judge(operations);
  return {
    title: 'g-counter, 20261122T102838.041Z',
    results: summarise(
      { options: { ...standard, ...options }, program, check },
      {
        operations,
        offences,
        messageCounts: { all: 10, clients: 4, servers: 6 },
        problems,
        stopped,
      },
    ),
    problems,
    operations,
    deliveries: [],
    evidence: [],
    window: diagramWindow(operations, problems),
    faults: [],
    messageTypes: {},
    ...of,
  };
}

const outcomes: readonly Outcome[] = ['ok', 'ok', 'ok', 'info', 'fail'];

/** Adds and reads one after the other; every `wrongEvery`th read misses an add. */
export function longHistory(count: number, wrongEvery: number): Operation[] {
  let acknowledged = 0;
  return Array.from({ length: count }, (_, i): Operation => {
    const of = { process: i % 30, node: `n${i % 3}` };
    if (i % 3 === 0) {
      const outcome = i % 1000 === 0 ? (outcomes[(i / 1000) % outcomes.length] ?? 'ok') : 'ok';
      if (outcome === 'ok') acknowledged += 2;
      // An add with an unknown outcome could make up for what is missing.
      return add(2 * i, 2 * i + 1, outcome === 'ok' ? 2 : 0, { ...of, outcome });
    }
    return read(2 * i, 2 * i + 1, i % wrongEvery === 0 ? acknowledged - 2 : acknowledged, of);
  });
}
