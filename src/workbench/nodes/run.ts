/**
 * One run, from init to the final reads, as Maelstrom conducts it: clients invoke operations while the nemesis injects
 * faults; then everything heals and recovers, and every client reads once more. What Maelstrom does not do: when the
 * recovery begins, every client adds once more. Where the nodes live and how time passes is up to the environment.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { CLIENT_TIMEOUT_MS, Client, type Completion } from './client.ts';
import type { Moment, Operation } from './history.ts';
import type { StartHost } from './host.ts';
import { services } from './services.ts';
import { Interrupted, NodeFailure } from './stopped.ts';
import { latencySampler } from '../sim/latency.ts';
import { ProcessClock } from '../sim/process-clock.ts';
import type { FaultInterval } from '../sim/active-faults.ts';
import { Adversary } from '../sim/adversary.ts';
import { type FaultName, Nemesis, faultKinds } from '../sim/nemesis.ts';
import { type Delivery, type MessageCounts, Network } from '../sim/network.ts';
import { type Offence, type Output, Nodes } from './nodes.ts';
import type { RunOptions } from './options.ts';
import { type Streams, below, streams } from '../sim/random.ts';
import { type Invocation, invocations } from './workload.ts';

/** Where a run takes place: its time, its nodes, and who watches its messages. */
export interface Environment {
  readonly clock: Clock;
  readonly startHost: StartHost;
  readonly onSend: (message: Message) => void;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly onOperation: (operation: Operation) => void;
  /** Called when a node breaks the protocol, and the run goes on. */
  readonly onOffence: (offence: Offence) => void;
}

/** How far a run has come. */
export interface Status {
  readonly phase: 'starting' | 'working' | 'recovering' | 'reading';
  readonly elapsedMs: number;
  readonly operations: number;
  readonly ok: number;
  readonly inFlight: number;
  /** The active faults, for people; empty if there are none. */
  readonly fault: string;
}

/** What Jepsen calls a thread: it invokes one operation at a time, always on the same node. */
interface Worker {
  process: number;
  client: Client;
  readonly node: string;
}

/** An operation that has not completed yet. */
interface OpenOperation {
  readonly process: number;
  readonly node: string;
  readonly invocation: Invocation;
  readonly final: boolean;
  readonly invoked: Moment;
}

export class Run {
  /** In the order in which they completed. */
  readonly operations: Operation[] = [];
  /** How nodes broke the protocol. */
  readonly offences: Offence[] = [];
  readonly options: RunOptions;
  readonly #environment: Environment;
  readonly #clock: ProcessClock;
  readonly #streams: Streams;
  readonly #network: Network;
  readonly #nemesis: Nemesis<FaultName> | Adversary;
  readonly #nodes: Nodes;
  readonly #stopped: Promise<never>;
  #stop: (reason: Error) => void = () => {};
  #phase: Status['phase'] = 'starting';
  readonly #open = new Set<OpenOperation>();
  #ok = 0;
  #clients = 0;
  #events = 0;

  constructor(options: RunOptions, environment: Environment) {
    this.options = options;
    this.#environment = environment;
    this.#clock = new ProcessClock(environment.clock);
    this.#streams = streams(options.seed);
    const isMaelstroms = options.network === 'maelstrom';
    this.#network = new Network({
      model: options.network,
      clock: this.#clock,
      latencyMs: latencySampler(options.latencyDistribution, options.latencyMs, this.#streams('latency')),
      copiesMs: (latencyMs, message) => this.#nemesis.copiesMs(latencyMs, message),
      isBlocked: (src, dest) => this.#nemesis.isBlocked(src, dest),
      onSend: (message) => {
        environment.onSend(message);
        if (this.#nemesis instanceof Adversary) this.#nemesis.onSend(message);
      },
      onDelivery: environment.onDelivery,
    });
    this.#nodes = new Nodes({
      nodeIds: options.nodeIds,
      network: this.#network,
      clock: this.#clock,
      startHost: environment.startHost,
      nextClientName: () => this.#nextClientName(),
      lateRepliesSilence: isMaelstroms,
      onOffence: (offence) => {
        this.offences.push(offence);
        environment.onOffence(offence);
      },
      onFailure: (text) => this.#stop(new NodeFailure(text)),
    });
    const faults = {
      intervalMs: options.nemesisIntervalMs,
      nodeIds: options.nodeIds,
      nodes: this.#nodes,
      clock: this.#clock,
      streams: this.#streams,
    };
    this.#nemesis = options.adversary
      ? new Adversary(faults)
      : new Nemesis({ ...faults, kinds: faultKinds, faults: options.faults, beginsAtOnce: isMaelstroms });
    this.#stopped = new Promise((_, reject) => (this.#stop = reject));
    this.#stopped.catch(() => {});
    this.#attachServices();
  }

  get messageCounts(): Readonly<MessageCounts> {
    return this.#network.counts;
  }

  /** What had come from each node at the end. */
  get outputs(): readonly Output[] {
    return this.#nodes.outputs;
  }

  /** Which faults were active when. */
  get faultIntervals(): readonly FaultInterval[] {
    return this.#nemesis.intervals;
  }

  status(): Status {
    return {
      phase: this.#phase,
      elapsedMs: this.#clock.nowMs(),
      operations: this.operations.length + this.#open.size,
      ok: this.#ok,
      inFlight: this.#open.size,
      fault: this.#nemesis.description,
    };
  }

  /** Runs to the end, or rejects with a NodeFailure or Interrupted. Either way, no node is left running. */
  async execute(): Promise<void> {
    try {
      this.#nodes.start();
      await Promise.race([this.#conduct(), this.#stopped]);
    } finally {
      this.#clock.end();
      this.#recordOpen();
      await this.#nodes.killAll();
    }
  }

  /** Ends the run now. */
  interrupt(): void {
    this.#stop(new Interrupted('interrupted'));
  }

  async #conduct(): Promise<void> {
    const { concurrency, recoveryTimeMs } = this.options;
    await this.#nodes.ready();
    const workers = Array.from({ length: concurrency }, (_, process) => this.#worker(process));

    this.#phase = 'working';
    this.#nemesis.start();
    await this.#work(workers);

    this.#phase = 'recovering';
    this.#nemesis.heal();
    await this.#nodes.ready();
    await Promise.all([
      this.#sleep(recoveryTimeMs),
      ...workers.map((worker) => this.#perform(worker, { f: 'add', delta: 1 }, true)),
    ]);

    this.#phase = 'reading';
    await Promise.all(workers.map((worker) => this.#perform(worker, { f: 'read' }, true)));
  }

  /**
   * Invokes operations at the given rate, randomly spaced, each by an idle worker, until the time limit. On the ideal
   * network, that is a random one, and time in which all were busy is made up for. Maelstrom's generator does not make
   * up for it, begins at once, and hands out the worker that has been idle for longest.
   */
  #work(workers: readonly Worker[]): Promise<void> {
    const { workload, rate, timeLimitMs, network } = this.options;
    const isMaelstroms = network === 'maelstrom';
    const random = this.#streams('workload');
    const nextInvocation = invocations(workload, random);
    const gapMs = (): number => (rate === 0 ? Infinity : (random.next() * 2 * 1000) / rate);
    const idle = [...workers];
    const startMs = this.#clock.nowMs();
    const endMs = startMs + timeLimitMs;
    let dueMs = isMaelstroms && rate > 0 ? startMs : startMs + gapMs();
    let timer: Timer | undefined;
    return new Promise((resolve) => {
      const proceed = (): void => {
        timer?.cancel();
        const nowMs = this.#clock.nowMs();
        if (nowMs >= endMs) {
          if (idle.length === workers.length) resolve();
          return;
        }
        while (dueMs <= nowMs) {
          const worker = isMaelstroms ? idle.shift() : takeRandom(random, idle);
          if (worker === undefined) break;
          dueMs += gapMs();
          void this.#perform(worker, nextInvocation(), false).then(() => {
            if (isMaelstroms && idle.length === 0) dueMs = Math.max(dueMs, this.#clock.nowMs());
            idle.push(worker);
            proceed();
          });
        }
        const wakeMs = idle.length === 0 ? endMs : Math.min(dueMs, endMs);
        timer = this.#clock.after(wakeMs - nowMs, proceed);
      };
      proceed();
    });
  }

  async #perform(worker: Worker, invocation: Invocation, final: boolean): Promise<void> {
    const { process, client, node } = worker;
    const open: OpenOperation = { process, node, invocation, final, invoked: this.#moment() };
    this.#open.add(open);
    const completion = await client.invoke(node, invocation);
    if (!this.#open.delete(open)) return;
    if (completion.outcome === 'ok') this.#ok++;
    this.#record(open, completion);
    if (completion.outcome !== 'ok') this.#replace(worker);
  }

  #record({ process, node, invocation, final, invoked }: OpenOperation, completion: Completion): void {
    const { outcome, value, error } = completion;
    const completed = this.#moment();
    const operation: Operation =
      invocation.f === 'add'
        ? { process, node, f: 'add', delta: invocation.delta, final, invoked, completed, outcome, error }
        : { process, node, f: 'read', final, invoked, completed, outcome, value, error };
    this.operations.push(operation);
    this.#environment.onOperation(operation);
  }

  /** Operations still open when a run is cut short belong to its history: reads may have included them. */
  #recordOpen(): void {
    for (const open of this.#open) {
      const outcome = open.invocation.f === 'add' ? 'info' : 'fail';
      this.#record({ ...open, final: false }, { outcome, error: 'the run was cut short' });
    }
    this.#open.clear();
  }

  #worker(process: number): Worker {
    const { nodeIds } = this.options;
    const node = nodeIds[process % nodeIds.length];
    if (node === undefined) throw new Error('a run needs at least one node');
    return { process, node, client: this.#client() };
  }

  /** As in Maelstrom, a process whose operation did not succeed ends, and another takes its place. */
  #replace(worker: Worker): void {
    worker.client.close();
    worker.process += this.options.concurrency;
    worker.client = this.#client();
  }

  #client(): Client {
    return new Client(this.#nextClientName(), this.#network, this.#clock, CLIENT_TIMEOUT_MS);
  }

  #nextClientName(): string {
    return `c${this.#clients++}`;
  }

  #moment(): Moment {
    return { index: this.#events++, timeMs: this.#clock.nowMs() };
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(durationMs, resolve));
  }

  #attachServices(): void {
    for (const [name, service] of services(this.#streams, this.options.storeModel)) {
      this.#network.attach(name, ({ src, body }) => {
        const reply = service.handle(src, body);
        if (reply === undefined) return;
        reply.in_reply_to = body['msg_id'] ?? null;
        this.#network.send({ src: name, dest: src, body: reply });
      });
    }
  }
}

function takeRandom<T>(random: Random, elements: T[]): T | undefined {
  return elements.splice(below(random, elements.length), 1)[0];
}
