/**
 * A host: a simulated machine with a disk, and a server process on it that is killed, paused and restarted.
 */
import { RpcError } from '../../cluster/peer-rpc.ts';
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';
import { asError } from '../../runtime/error.ts';
import type { Random } from '../../runtime/random.ts';
import { ApiError } from '../../store/api-error.ts';
import { Gate } from '../sim/gate.ts';
import { ProcessClock } from '../sim/process-clock.ts';
import type { Network } from '../sim/network.ts';
import type { Streams } from '../sim/random.ts';
import { Disk } from './disk.ts';
import { type CreatePeer, type Peer, addressOfNode, nodeAtAddress } from './peer.ts';

/**
 * How servers come together: all others are configured as peers of each; each hears the beacons of the others; or each
 * begins alone, until an operator registers them.
 */
export type Joining = 'configured' | 'beacons' | 'registered';

export interface HostOptions {
  readonly nodeId: string;
  readonly nodeIds: readonly string[];
  readonly createPeer: CreatePeer;
  readonly network: Network;
  readonly clock: Clock;
  readonly streams: Streams;
  /** How fast its clock runs; 1 is right. */
  readonly clockRate: number;
  readonly joining: Joining;
  /** Called with a sentence when a server does not start, or its store has failed. */
  readonly onFailure: (problem: string) => void;
}

export class Host {
  readonly nodeId: string;
  /** The disk in use. */
  disk: Disk;
  readonly #options: HostOptions;
  /** Holds the process up while it is paused. Each process has its own. */
  #gate = new Gate();
  #isPaused = false;
  readonly #random: Random;
  #lifetime: ProcessClock | undefined;
  #peer: Peer | undefined;
  #boots = 0;
  #requests = 0;
  readonly #waiting = new Map<number, (text: string) => void>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    this.#random = options.streams(`host ${options.nodeId}`);
    this.disk = new Disk(this.#random);
  }

  /** The process, if it is running and has started. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Runs a task as soon as the process is not paused, if it is still running then. */
  whenRunning(task: (peer: Peer) => void): void {
    const asked = this.#peer;
    this.#gate.pass(() => {
      if (asked !== undefined && this.#peer === asked) task(asked);
    });
  }

  start(): void {
    const { nodeId, joining, createPeer, clock, streams, clockRate, onFailure } = this.#options;
    const lifetime = new ProcessClock(clock);
    this.#lifetime = lifetime;
    // The stream's name decides what it draws: renaming it would make every seed another run.
    const random = streams(`${nodeId}, life ${this.#boots++}`);
    const own = skewed(this.#gate.behind(lifetime), clockRate);
    createPeer({
      nodeId,
      bootId: Math.floor(random.next() * 2 ** 52).toString(36),
      isJoining: joining !== 'registered',
      files: this.disk.mount(own),
      clock: own,
      wallClockMs: () => Math.floor(clock.nowMs()),
      random,
      transport: {
        send: (address, text, timeoutMs) => this.#ask(own, nodeAtAddress(address), text, timeoutMs),
      },
      onFailure: (error) => onFailure(`the disk of ${nodeId} fails: ${asError(error).message}`),
    }).then(
      (peer) => {
        if (this.#lifetime === lifetime) this.#serve(peer);
      },
      (error: unknown) => onFailure(`${nodeId} does not start: ${asError(error).message}`),
    );
  }

  #serve(peer: Peer): void {
    const { nodeId, nodeIds, network, joining } = this.#options;
    this.#peer = peer;
    this.disk.store = peer.store;
    network.attach(nodeId, (message) => this.whenRunning(() => this.#receive(peer, message)));
    if (joining === 'registered') return;
    if (joining === 'configured') {
      for (const other of nodeIds) peer.cluster.addConfiguredPeer(addressOfNode(other));
    }
    peer.cluster.beginBeacons((text) => {
      for (const other of nodeIds) {
        if (other !== nodeId) network.send({ src: nodeId, dest: other, body: { type: 'beacon', text } });
      }
    });
  }

  kill(): void {
    this.#peer?.cluster.stop();
    this.#lifetime?.end();
    this.#lifetime = undefined;
    this.disk.unmount();
    this.#options.network.detach(this.nodeId);
    this.#peer = undefined;
    this.#waiting.clear();
    this.#gate = new Gate();
    if (this.#isPaused) this.#gate.close();
  }

  /** Kills the process and replaces the disk by an empty one. */
  wipe(): void {
    this.kill();
    this.disk = new Disk(this.#random);
  }

  pause(): void {
    this.#isPaused = true;
    this.#gate.close();
  }

  resume(): void {
    this.#isPaused = false;
    this.#gate.open();
  }

  #ask(clock: Clock, dest: string, text: string, timeoutMs: number): Promise<string> {
    const id = this.#requests++;
    this.#options.network.send({ src: this.nodeId, dest, body: { type: 'ask', id, text } });
    return new Promise((resolve, reject) => {
      const timer = clock.after(timeoutMs, () => {
        this.#waiting.delete(id);
        reject(new RpcError('no response in time'));
      });
      this.#waiting.set(id, (answer) => {
        timer.cancel();
        this.#waiting.delete(id);
        resolve(answer);
      });
    });
  }

  #receive({ cluster }: Peer, { src, body }: Message): void {
    const { type, id, text } = body;
    if (typeof text !== 'string') return;
    if (type === 'beacon') cluster.hear(text, src);
    if (type === 'answer' && typeof id === 'number') this.#waiting.get(id)?.(text);
    if (type !== 'ask') return;
    cluster.receive(text, src).then(
      (answer) =>
        this.#options.network.send({
          src: this.nodeId,
          dest: src,
          body: { type: 'answer', id, text: answer },
        }),
      (error: unknown) => {
        // A store that has failed has said so; its server answers with an error, which is as good as none.
        if (!(error instanceof ApiError)) throw error;
      },
    );
  }
}

/** A clock that runs faster or slower than another. */
const skewed = (clock: Clock, rate: number): Clock => ({
  nowMs: () => clock.nowMs() * rate,
  after: (delayMs, task) => clock.after(delayMs / rate, task),
});
