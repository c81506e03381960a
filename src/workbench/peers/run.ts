/**
 * One simulated run of a cluster of peers: clients, faults, healing, the final reads, and the checker's verdict.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { ProcessClock } from '../sim/process-clock.ts';
import type { Nemesis } from '../sim/nemesis.ts';
import type { Network } from '../sim/network.ts';
import { type Streams, below, pick, streams } from '../sim/random.ts';
import { Reasons, environmentOf, operateAtRate } from '../sim/server-environment.ts';
import type { ServerRunResults } from '../sim/server-run.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';
import { judgePeers } from './checker.ts';
import type { Disk } from './disk.ts';
import { type PeersControl, peersFaultKinds } from './faults.ts';
import type { IncrementOperation, LostDisk, PeersHistory, PeersOperation } from './history.ts';
import { Host } from './host.ts';
import type { PeersFaultName, PeersOptions } from './options.ts';
import { type CreatePeer, type Peer, addressOfNode, nodeAtAddress } from './peer.ts';

/** Runs a cluster of servers in virtual time. The options, the seed among them, determine everything. */
export async function simulatePeers(
  options: PeersOptions,
  createPeer: CreatePeer,
): Promise<ServerRunResults> {
  const clock = new VirtualClock();
  return clock.run(new PeersRun(options, clock, createPeer).execute());
}

/** The counters that clients use. */
const KEYS = ['default', 'likes', 'views'];
const MAX_AMOUNT = 5;
/** Clients set a counter to no more than this many times what it is. */
const MAX_SYNC_FACTOR = 3;

class PeersRun implements PeersControl {
  readonly #options: PeersOptions;
  readonly #clock: ProcessClock;
  readonly #streams: Streams;
  readonly #network: Network;
  readonly #nemesis: Nemesis<PeersFaultName>;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #operations: PeersOperation[] = [];
  readonly #disks = new Map<Disk, { readonly name: string; readonly names: Set<string> }>();
  readonly #lost = new Map<Disk, LostDisk>();
  /** The nodes that an operator wants removed. */
  readonly #unwanted = new Set<string>();
  /** By removed node, the node at which it was removed. */
  readonly #removed = new Map<string, string>();
  /** When a registration of a node last began. */
  readonly #registeredMs = new Map<string, number>();
  readonly #ghosts: string[] = [];
  readonly #failures: string[] = [];
  readonly #lostAnswers: Random;
  /** Whether servers begin alone, until an operator registers them. */
  readonly #beginsAlone: boolean;
  /** By node, for how many reasons it is down. */
  readonly #down = new Reasons();
  readonly #paused = new Reasons();

  constructor(options: PeersOptions, clock: Clock, createPeer: CreatePeer) {
    this.#options = options;
    this.#clock = new ProcessClock(clock);
    this.#streams = streams(options.seed);
    this.#lostAnswers = this.#streams('lost answers');
    const { nodeIds, clockSkew, faults } = options;
    const environment = environmentOf(options, peersFaultKinds(this), this, this.#clock, this.#streams);
    this.#network = environment.network;
    this.#nemesis = environment.nemesis;
    const random = this.#streams('hosts');
    const together = random.next() < 0.5 ? 'configured' : 'beacons';
    // A lost disk of a server that was alone may have counted under the same replica id as the one in its place.
    this.#beginsAlone = !faults.has('wipe') && this.#streams('joining').next() < 0.3;
    const joining = this.#beginsAlone ? 'registered' : together;
    this.#hosts = new Map(
      nodeIds.map((nodeId) => {
        const clockRate = 1 + clockSkew * (2 * random.next() - 1);
        const host = { nodeId, nodeIds, createPeer, network: this.#network, clock: this.#clock };
        const onFailure = (problem: string): void => void this.#failures.push(problem);
        return [nodeId, new Host({ ...host, streams: this.#streams, clockRate, joining, onFailure })];
      }),
    );
  }

  async execute(): Promise<ServerRunResults> {
    const { rate, timeLimitMs, recoveryTimeMs } = this.#options;
    for (const host of this.#hosts.values()) this.#start(host);
    if (this.#beginsAlone) {
      this.#clock.after(ALONE_MS, () => {
        for (const nodeId of this.#hosts.keys()) this.register(nodeId);
      });
    }
    this.#nemesis.start();
    const random = this.#streams('workload');
    await operateAtRate(this.#clock, random, rate, timeLimitMs, () => this.#operate(random));
    this.#nemesis.heal();
    await this.#sleep(recoveryTimeMs);
    const finals = [...this.#hosts.values()].map((host) => this.#increment(host, 'default', 1));
    await Promise.race([Promise.all(finals), this.#sleep(recoveryTimeMs)]);
    await this.#sleep(recoveryTimeMs / 2);
    // A slow answer may make a server unreachable for a moment at any time.
    for (let ms = 0; ms < MOMENT_MS && !this.#allListAll(); ms += 1000) await this.#sleep(1000);
    const history = this.#history();
    this.#clock.end();
    const problems = judgePeers(history);
    const { operations, final } = history;
    return {
      valid: problems.length === 0,
      problems,
      operations: operations.length,
      answered: operations.filter(({ answeredMs }) => answeredMs !== undefined).length,
      messages: this.#network.counts.servers,
      final,
      faults: this.#nemesis.intervals,
    };
  }

  kill(nodeId: string): void {
    if (!this.#down.add(nodeId)) return;
    const host = this.#host(nodeId);
    this.#noteNames(host);
    host.kill();
  }

  restart(nodeId: string): void {
    if (this.#down.remove(nodeId)) this.#start(this.#host(nodeId));
  }

  wipe(nodeId: string): void {
    const host = this.#host(nodeId);
    const { disk } = host;
    if (this.#down.add(nodeId)) host.kill();
    this.#noteNames(host);
    host.wipe();
    this.#lose(disk);
    // Removals made there may be lost with its disk.
    for (const [removed, by] of this.#removed) if (by === nodeId) this.#removed.delete(removed);
  }

  pause(nodeId: string): void {
    if (this.#paused.add(nodeId)) this.#host(nodeId).pause();
  }

  resume(nodeId: string): void {
    if (this.#paused.remove(nodeId)) this.#host(nodeId).resume();
  }

  remove(nodeId: string, by: string): void {
    this.#unwanted.add(nodeId);
    this.#host(by).whenRunning(({ cluster }) => {
      // By the end of a pause the operator may have changed their mind.
      if (!this.#unwanted.has(nodeId)) return;
      if (typeof cluster.remove(addressOfNode(nodeId)) === 'string') this.#removed.set(nodeId, by);
    });
  }

  /** An operator registers a node at all others, repeatedly: the one at which it was removed may be down. */
  register(nodeId: string): void {
    this.#unwanted.delete(nodeId);
    this.#removed.delete(nodeId);
    let attempts = 0;
    const attempt = (): void => {
      if (this.#unwanted.has(nodeId)) return;
      for (const host of this.#hosts.values()) {
        if (host.nodeId !== nodeId) host.whenRunning(({ cluster }) => void this.#register(nodeId, cluster));
      }
      if (++attempts < REGISTER_ATTEMPTS) this.#clock.after(REGISTER_MS, attempt);
    };
    attempt();
  }

  /** A registration that began before a removal may end after it, and is then the later removal. */
  async #register(nodeId: string, cluster: Cluster): Promise<void> {
    this.#registeredMs.set(nodeId, this.#clock.nowMs());
    await cluster.register(addressOfNode(nodeId)).catch(() => {});
    this.#removed.delete(nodeId);
  }

  #host(nodeId: string): Host {
    const host = this.#hosts.get(nodeId);
    if (host === undefined) throw new Error(`there is no node ${nodeId}`);
    return host;
  }

  #start(host: Host): void {
    host.start();
    if (!this.#disks.has(host.disk)) {
      const disks = [...this.#disks.values()].filter(({ name }) => name.startsWith(`${host.nodeId}#`)).length;
      this.#disks.set(host.disk, { name: `${host.nodeId}#${disks}`, names: new Set() });
    }
  }

  /** Does something on a random node. */
  #operate(random: Random): void {
    const host = this.#host(pick(random, this.#options.nodeIds));
    const key = pick(random, KEYS);
    const choice = random.next();
    const amount = 1 + below(random, MAX_AMOUNT);
    const factor = 1 + random.next() * (MAX_SYNC_FACTOR - 1);
    if (choice < 0.5) void this.#increment(host, key, amount);
    else if (choice < 0.95) this.#read(host, key);
    else if (this.#options.hasLowerBounds) this.#sync(host, key, factor);
  }

  #common(host: Host, key: string) {
    this.#noteNames(host);
    const disk = this.#disks.get(host.disk)?.name ?? '';
    return { node: host.nodeId, disk, key, invokedMs: this.#clock.nowMs(), answeredMs: undefined };
  }

  /** Resolves when the increment has been acknowledged. Every other client retries, with an idempotency key. */
  #increment(host: Host, key: string, amount: number): Promise<void> {
    return new Promise((resolve) => {
      host.whenRunning(({ store }) => {
        const operation: IncrementOperation = { ...this.#common(host, key), f: 'increment', amount };
        const number = this.#operations.push(operation);
        if (number % 2 === 0) this.#attempt(host, operation, `${number}`, resolve);
        else this.#answer(operation, store.increment([{ key, amount }]), resolve);
      });
    });
  }

  /** Requests an increment until an answer arrives, on this disk only: idempotency keys are not replicated. */
  #attempt(host: Host, operation: IncrementOperation, id: string, onAnswer: () => void): void {
    const { disk } = host;
    const { key, amount } = operation;
    const attempt = (): void => {
      if (operation.answeredMs !== undefined || host.disk !== disk) return;
      this.#clock.after(RETRY_MS, attempt);
      host.whenRunning(({ store }) => {
        const request = store.increment([{ key, amount }], { id, fingerprint: `${key} ${amount}` });
        if (this.#lostAnswers.next() < LOST_ANSWERS) request.catch(() => {});
        else this.#answer(operation, request, onAnswer);
      });
    };
    attempt();
  }

  #sync(host: Host, key: string, factor: number): void {
    host.whenRunning(({ store }) => {
      const lowerBound = Math.ceil(valueIn(store, key) * factor);
      const operation: PeersOperation = { ...this.#common(host, key), f: 'sync', lowerBound };
      this.#operations.push(operation);
      this.#answer(operation, store.raiseTo(key, lowerBound));
    });
  }

  /** Records when an operation is answered. One that is refused, such as a sum past 2^53 - 1, counts as unanswered. */
  #answer(operation: PeersOperation, answer: Promise<unknown>, onAnswer = (): void => {}): void {
    answer.then(
      () => {
        operation.answeredMs ??= this.#clock.nowMs();
        onAnswer();
      },
      () => {},
    );
  }

  #read(host: Host, key: string): void {
    host.whenRunning(({ store, cluster }) => {
      const value = valueIn(store, key);
      const operation: PeersOperation = { ...this.#common(host, key), f: 'read', value };
      operation.answeredMs = operation.invokedMs;
      this.#operations.push(operation);
      const listed = new Set(cluster.peers.map(nodeAtAddress));
      for (const [nodeId, by] of this.#removed) {
        const registeredMs = this.#registeredMs.get(nodeId) ?? -Infinity;
        const mayBeRegistered = operation.invokedMs - registeredMs < REGISTRATION_MS;
        if (by === host.nodeId && listed.has(nodeId) && !mayBeRegistered) {
          this.#ghosts.push(`${by} lists ${nodeId}, which it had removed, at ${operation.invokedMs} ms`);
        }
      }
    });
  }

  /** Records the replica id that a disk counts under. */
  #noteNames({ disk }: Host): void {
    if (disk.replicaId !== undefined) this.#disks.get(disk)?.names.add(disk.replicaId);
  }

  /** Records a lost disk, and what the remaining disks have of each lost one. */
  #lose(disk: Disk): void {
    const name = this.#disks.get(disk)?.name;
    if (name === undefined) return;
    this.#lost.set(disk, { disk: name, saved: new Map(KEYS.map((key) => [key, Infinity])) });
    const left = [...this.#hosts.values()].map((host) => host.disk);
    for (const [gone, { saved }] of this.#lost) {
      const names = this.#disks.get(gone)?.names ?? new Set();
      for (const key of KEYS) {
        const held = left.map((other) =>
          [...other.parts(key)].reduce((sum, [part, total]) => sum + (names.has(part) ? total : 0), 0),
        );
        saved.set(key, Math.min(saved.get(key) ?? 0, Math.max(...held)));
      }
    }
  }

  #allListAll(): boolean {
    const { length } = this.#options.nodeIds;
    return [...this.#hosts.values()].every(({ peer }) => new Set(peer?.cluster.peers).size === length - 1);
  }

  #history(): PeersHistory {
    const final = [...this.#hosts.values()].map(({ nodeId, peer }) => ({
      node: nodeId,
      peers: (peer?.cluster.peers ?? []).map(nodeAtAddress),
      values: new Map(KEYS.map((key) => [key, peer === undefined ? 0 : valueIn(peer.store, key)])),
    }));
    return {
      nodeIds: this.#options.nodeIds,
      operations: this.#operations,
      lostDisks: [...this.#lost.values()],
      ghosts: this.#ghosts,
      failures: this.#failures,
      final,
    };
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(durationMs, resolve));
  }
}

const valueIn = ({ counters }: Peer['store'], key: string): number => counters.get(key)?.value ?? 0;

/** After how long a client takes silence for a lost answer. */
const RETRY_MS = 500;
/** The share of answers to them that are lost. */
const LOST_ANSWERS = 0.2;
/** A server that is missing from the peers of another for longer is missing for ever. */
const MOMENT_MS = 10_000;
/** How long servers are alone if they begin so. */
const ALONE_MS = 2000;
/** How often an operator tries to register a node. */
const REGISTER_ATTEMPTS = 8;
const REGISTER_MS = 3000;
/** How long it may take until a registration takes effect. */
const REGISTRATION_MS = 5000;
