/**
 * Simulates one run: all nodes in this process, in virtual time. The options, the seed among them, determine everything.
 */
import type { Problem } from './checker.ts';
import { type CreateNode, memoryHosts } from './memory-host.ts';
import type { Delivery } from '../sim/network.ts';
import { outcomeOf } from './outcome.ts';
import type { Results } from './results.ts';
import { Run } from './run.ts';
import { Interrupted, NodeFailure } from './stopped.ts';
import type { RunOptions } from './options.ts';
import type { Check } from './verdict.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';

export interface Simulation {
  readonly run: Run;
  /** What the strict check found. */
  readonly problems: readonly Problem[];
  readonly results: Results;
}

/** What may be known about a simulated run besides its options. */
export interface SimulationSettings {
  /** What results.json names as the program. */
  readonly program?: readonly string[];
  /** The check that decides. */
  readonly check?: Check;
  readonly onDelivery?: (delivery: Delivery) => void;
  /** Ends the run early. */
  readonly stop?: AbortSignal;
}

/** Resolves when the run has ended or was cut short. Rejects if the workbench itself fails. */
export async function simulate(
  options: RunOptions,
  createNode: CreateNode,
  { program = [], check = 'strict', onDelivery = () => {}, stop }: SimulationSettings = {},
): Promise<Simulation> {
  const clock = new VirtualClock();
  const run = new Run(options, {
    clock,
    startHost: memoryHosts(clock, options.seed, createNode),
    onSend: () => {},
    onDelivery,
    onOperation: () => {},
    onOffence: () => {},
  });
  const interrupt = (): void => run.interrupt();
  stop?.addEventListener('abort', interrupt);
  const failure = await clock.run(run.execute()).catch((error: unknown) => error);
  stop?.removeEventListener('abort', interrupt);
  if (failure === undefined || failure instanceof NodeFailure || failure instanceof Interrupted) {
    return { run, ...outcomeOf(run, { options, program, check }, failure) };
  }
  throw failure;
}
