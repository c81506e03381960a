/**
 * How often wrong designs are found out: in simulated runs of the challenge on Maelstrom's network, by each of the two
 * checks. Seeds decide everything, so the same code gives the same figures on any machine.
 */
import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import { simulate } from '../../src/workbench/nodes/simulation.ts';
import { mutantNamed } from '../mutants/node.ts';
import { challenge, shippedNode } from '../support/run-options.ts';

const RUNS = 100;

const designs: readonly (readonly [string, CreateNode])[] = [
  ...['no-barrier', 'shared-key', 'swap-same-value'].map((name) => [name, mutantNamed(name)] as const),
  ['the shipped node', shippedNode],
];

export async function wrongDesigns(): Promise<void> {
  console.log("| design | nodes | Maelstrom's check | every read |\n| --- | --: | --: | --: |");
  for (const [name, createNode] of designs) {
    for (const nodeCount of [3, 5]) {
      const condemned = { maelstrom: 0, strict: 0 };
      for (let seed = 1; seed <= RUNS; seed++) {
        const { results } = await simulate({ ...challenge(nodeCount), seed }, createNode);
        if (results.verdicts.maelstrom.valid !== true) condemned.maelstrom++;
        if (results.verdicts.strict.valid !== true) condemned.strict++;
      }
      const shares = [condemned.maelstrom, condemned.strict].map((runs) => `${(100 * runs) / RUNS} %`);
      console.log(`| ${[name, nodeCount, ...shares].join(' | ')} |`);
    }
  }
}
