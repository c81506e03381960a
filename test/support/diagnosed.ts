/** A simulated run with its diagnoses. */
import { MessageLog, withDiagnoses } from '../../src/workbench/diagnosis/diagnose.ts';
import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import type { RunOptions } from '../../src/workbench/nodes/options.ts';
import type { Results } from '../../src/workbench/nodes/results.ts';
import { simulate } from '../../src/workbench/nodes/simulation.ts';

export async function diagnosed(options: RunOptions, createNode: CreateNode): Promise<Results> {
  const log = new MessageLog();
  const { run, problems, results } = await simulate(options, createNode, {
    onDelivery: (delivery) => log.record(delivery),
  });
  return withDiagnoses({ run, problems, results, log });
}
