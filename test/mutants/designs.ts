/**
 * Eight programs to judge by both checks: what people write for the challenge, right or wrong, and the shipped node.
 */
import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import type { RunOptions } from '../../src/workbench/nodes/options.ts';
import { simulate } from '../../src/workbench/nodes/simulation.ts';
import { challenge, shippedNode } from '../support/run-options.ts';
import { AskNodes, BroadcastAdds, GossipTotals } from './gossip.ts';
import { mutantNamed, nodeWith } from './node.ts';
import { type MutantOptions, PlainCounter } from './plain.ts';

const LATE_SHARE = 1 / 50;
const LATE_MS = 6000;

/** Is right, but answers one request in fifty so late that the client has gone. */
class AnswerLate extends PlainCounter {
  readonly #random: MutantOptions['random'];

  constructor(options: MutantOptions) {
    super(options);
    this.#random = options.random;
  }

  override async add(delta: number): Promise<void> {
    await super.add(delta);
    await this.#delay();
  }

  override async read(): Promise<number> {
    const value = await super.read();
    await this.#delay();
    return value;
  }

  async #delay(): Promise<void> {
    if (this.#random.next() >= LATE_SHARE) return;
    await new Promise<void>((resolve) => this.clock.after(LATE_MS, resolve));
  }
}

/** The designs that are no planted bugs. */
export const designNodes: Readonly<Record<string, CreateNode>> = {
  'gossip-totals': nodeWith(GossipTotals),
  'ask-nodes': nodeWith(AskNodes),
  'broadcast-adds': nodeWith(BroadcastAdds),
  'answer-late': nodeWith(AnswerLate),
};

/** All eight, by name. */
export const designs: Readonly<Record<string, CreateNode>> = {
  'no-barrier': mutantNamed('no-barrier'),
  'shared-key': mutantNamed('shared-key'),
  'forget-node': mutantNamed('forget-node'),
  ...designNodes,
  'the shipped node': shippedNode,
};

const calm = { timeLimitMs: 3000, recoveryTimeMs: 1000, faults: new Set<never>() };

/** In which they are judged: short runs without faults, and the challenge. */
export const situations: Readonly<Record<string, RunOptions>> = {
  '3 nodes': { ...challenge(3), ...calm },
  '5 nodes': { ...challenge(5), ...calm },
  '3 nodes, partitions': challenge(3),
};

/** How many runs pass each check. A pass is vacuous if Maelstrom's check says why it proves little. */
export interface Passes {
  readonly maelstrom: number;
  readonly vacuous: number;
  readonly strict: number;
}

/** Judges the runs of the seeds from 1 to `runs`. */
export async function passes(options: RunOptions, createNode: CreateNode, runs: number): Promise<Passes> {
  const passed = { maelstrom: 0, vacuous: 0, strict: 0 };
  for (let seed = 1; seed <= runs; seed++) {
    const { maelstrom, strict } = (await simulate({ ...options, seed }, createNode)).results.verdicts;
    if (maelstrom.valid === true) passed.maelstrom++;
    if (maelstrom.valid === true && maelstrom.remarks.length > 0) passed.vacuous++;
    if (strict.valid === true) passed.strict++;
  }
  return passed;
}
