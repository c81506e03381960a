/**
 * A simulated machine with a server process on it, which is killed, paused and restarted. It keeps nothing.
 */
import type { Clock } from '../../runtime/clock.ts';
import { asError } from '../../runtime/error.ts';
import type { Store } from '../../store/store.ts';
import { Gate } from '../sim/gate.ts';
import type { Network } from '../sim/network.ts';
import { ProcessClock } from '../sim/process-clock.ts';
import type { Streams } from '../sim/random.ts';
import { EtcdClient } from './client.ts';
import type { CreateFrontEnd } from './front-end.ts';
import type { Members } from './members.ts';

export interface HostOptions {
  readonly name: string;
  readonly members: Members;
  readonly endpoints: readonly string[];
  readonly createFrontEnd: CreateFrontEnd;
  readonly network: Network;
  readonly clock: Clock;
  readonly streams: Streams;
  readonly isBlocked: (src: string, dest: string) => boolean;
  /** Called with each process that serves. */
  readonly onServing: (process: Process) => void;
  /** Called with a sentence when the engine of one has failed. */
  readonly onFailure: (problem: string) => void;
}

/** A server that runs. */
export interface Process {
  readonly store: Store;
  readonly clock: Clock;
}

export class Host {
  readonly name: string;
  readonly #options: HostOptions;
  /** Holds the process up while it is paused. Each process has its own. */
  #gate = new Gate();
  #isPaused = false;
  #boots = 0;
  #process: Process | undefined;
  #end: () => void = () => {};

  constructor(options: HostOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Runs a task as soon as the process is not paused, if one serves now and still does then. */
  whenServing(task: (store: Store) => void): void {
    const asked = this.#process;
    this.#gate.pass(() => {
      if (asked !== undefined && this.#process === asked) task(asked.store);
    });
  }

  start(): void {
    const { name, members, endpoints, createFrontEnd, network, streams, isBlocked, onServing, onFailure } =
      this.#options;
    const lifetime = new ProcessClock(this.#options.clock);
    const gate = this.#gate;
    const clock = gate.behind(lifetime);
    const client = { name, members, network, clock, isBlocked };
    const etcd = new EtcdClient({ ...client, isSerializable: false });
    const serializable = new EtcdClient({ ...client, isSerializable: true });
    this.#end = () => {
      lifetime.end();
      etcd.end();
      serializable.end();
    };
    const end = this.#end;
    network.attach(name, (message) => gate.pass(() => members.deliver(message)));
    const random = streams(`${name}, boot ${this.#boots++}`);
    const fail = (error: unknown): void => onFailure(`${name} fails: ${asError(error).message}`);
    createFrontEnd({ etcd, serializable, endpoints, clock, random, onFailure: fail }).then((store) => {
      if (this.#end !== end) return;
      this.#process = { store, clock };
      onServing(this.#process);
    }, fail);
  }

  kill(): void {
    this.#end();
    this.#end = () => {};
    this.#process = undefined;
    this.#options.network.detach(this.name);
    this.#gate = new Gate();
    if (this.#isPaused) this.#gate.close();
  }

  pause(): void {
    this.#isPaused = true;
    this.#gate.close();
  }

  resume(): void {
    this.#isPaused = false;
    this.#gate.open();
  }
}
