import { KeyValueClient } from '../../src/maelstrom/key-value-client.ts';
import { pnTotal } from '../../src/crdt/pn-counter.ts';
import { counterService } from '../../src/maelstrom/counter-node.ts';
import type { Message } from '../../src/maelstrom/message.ts';
import { MaelstromNode, type NodeOptions } from '../../src/maelstrom/node.ts';
import { silent } from '../../src/runtime/log.ts';
import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import { askingMutants } from './asking.ts';
import { hastyMutants } from './hasty.ts';
import { type MutantCounter, type MutantKind, type MutantOptions, plainMutants } from './plain.ts';
import { CountEveryReply, MisattributeLateAnswer, OneTotal, retryingMutants } from './retrying.ts';

type Ports = Parameters<CreateNode>[0];

/** The options of a node whose counter `create` makes. */
const nodeOptions = (
  ports: Ports,
  create: (options: MutantOptions) => MutantCounter,
  rpcTimeoutMs = 1000,
): NodeOptions => ({
  ...ports,
  log: silent,
  rpcTimeoutMs,
  start: (cluster) => {
    const counter = create({ ...ports, ...cluster, store: new KeyValueClient('seq-kv', cluster.call) });
    const service = counterService(counter, pnTotal);
    return { ...service, handlers: new Map([...service.handlers, ...(counter.handlers ?? [])]) };
  },
});

/** A node with the given kind of counter. */
export function nodeWith(Kind: MutantKind, rpcTimeoutMs?: number): CreateNode {
  return (ports) => new MaelstromNode(nodeOptions(ports, (options) => new Kind(options), rpcTimeoutMs));
}

/** Does not match replies with requests, and so counts a swap as often as its reply arrives. */
class CountEveryReplyNode extends MaelstromNode {
  readonly #counters: CountEveryReply[];
  readonly #seen = new Set<unknown>();

  constructor(ports: Ports) {
    const counters: CountEveryReply[] = [];
    const create = (options: MutantOptions): MutantCounter => {
      const counter = new CountEveryReply(options);
      counters.push(counter);
      return counter;
    };
    super(nodeOptions(ports, create));
    this.#counters = counters;
  }

  override deliver(message: Message): void {
    const { type, in_reply_to: id } = message.body;
    if (type === 'cas_ok' && this.#seen.has(id))
      for (const counter of this.#counters) counter.confirmedAgain();
    this.#seen.add(id);
    super.deliver(message);
  }
}

export const mutants: Readonly<Record<string, CreateNode>> = {
  ...Object.fromEntries(
    Object.entries({ ...plainMutants, ...retryingMutants, ...askingMutants }).map(([name, Kind]) => [
      name,
      nodeWith(Kind),
    ]),
  ),
  // As long as the shipped node waits.
  ...Object.fromEntries(Object.entries(hastyMutants).map(([name, Kind]) => [name, nodeWith(Kind, 4000)])),
  // Requests stay open for long, so that a reply still reaches a counter that has given up on it.
  'misattribute-late-answer': nodeWith(MisattributeLateAnswer, 6000),
  'count-every-reply': (ports) => new CountEveryReplyNode(ports),
};

/** A bug that only a counter that can also count down can have. */
export const pnMutants: Readonly<Record<string, CreateNode>> = { 'one-total': nodeWith(OneTotal) };

export function mutantNamed(name: string): CreateNode {
  const mutant = mutants[name] ?? pnMutants[name];
  if (mutant === undefined) throw new Error(`there is no mutant called ${name}`);
  return mutant;
}
