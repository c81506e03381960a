import type { Address } from '../../src/cluster/address.ts';
import { Cluster, type Remembered } from '../../src/cluster/cluster.ts';
import type { MemberState } from '../../src/cluster/member.ts';
import { RpcError, type Transport } from '../../src/cluster/peer-rpc.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { ProcessClock } from '../../src/workbench/sim/process-clock.ts';
import { type Streams, streams } from '../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { MemoryReplica } from './memory-replica.ts';

export interface ServerSetup {
  readonly nodeId?: string;
  readonly host?: string;
  readonly port?: number;
  readonly cluster?: string;
  readonly keys?: readonly string[];
  readonly maxPeers?: number;
  readonly remembered?: Remembered;
  /** What it counted before a restart. */
  readonly replica?: MemoryReplica;
  /** How far its clock is ahead of the others'. */
  readonly aheadMs?: number;
  /** Whether it calls out. */
  readonly beacons?: boolean;
}

export const KEY = 'a key of the cluster';
/** When the clocks start, in milliseconds since 1970. */
export const EPOCH_MS = 1_800_000_000_000;
const NOTHING: Remembered = { peers: [], removals: new Map() };

/** Several clusters in one virtual time, and a network between them that does as it is told. */
export class SimCluster {
  readonly clock = new VirtualClock();
  readonly streams: Streams;
  readonly servers = new Map<Address, SimServer>();
  /** What has been sent: from which host, to which address, and the text. */
  readonly requests: { readonly from: string; readonly to: Address; readonly text: string }[] = [];
  readonly beacons: { readonly host: string; readonly text: string }[] = [];
  delayMs = 1;
  /** How much of what is sent gets lost, from 0 to 1. */
  loss = 0;
  readonly #cuts = new Set<string>();
  #boots = 0;

  constructor(seed = 1) {
    this.streams = streams(seed);
  }

  /** Starts a server. */
  start(setup: ServerSetup = {}): SimServer {
    const number = this.servers.size + 1;
    const bootId = `${streams(++this.#boots)('life')
      .next()
      .toString(36)
      .slice(2, 10)}0`;
    const server = new SimServer(
      this,
      { nodeId: `node-${number}`, host: `10.0.0.${number}`, ...setup },
      bootId,
    );
    this.servers.set(server.address, server);
    return server;
  }

  /** Starts several, each with the first as its configured peer. */
  async startAll(count: number, setup: ServerSetup = {}): Promise<SimServer[]> {
    const all = Array.from({ length: count }, () => this.start(setup));
    const [first] = all;
    for (const server of all.slice(1))
      if (first !== undefined) server.cluster.addConfiguredPeer(first.address);
    await this.pass(30_000);
    return all;
  }

  /** From now on nothing goes from one to the other. */
  cut(from: SimServer, to: SimServer): void {
    this.#cuts.add(`${from.host}>${to.host}`);
  }

  cutOff(server: SimServer): void {
    for (const other of this.servers.values()) {
      this.cut(server, other);
      this.cut(other, server);
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  pass(durationMs: number): Promise<void> {
    return this.run(new Promise((resolve) => this.clock.after(durationMs, resolve)));
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.clock.run(work);
  }

  /** Does something when the network has carried it, if it does. */
  carry(fromHost: string, toHost: string, task: () => void): void {
    const isLost = this.loss > 0 && this.streams('loss').next() < this.loss;
    if (!isLost && !this.#cuts.has(`${fromHost}>${toHost}`)) this.clock.after(this.delayMs, task);
  }

  /** Every running server hears it. */
  call(from: SimServer, text: string): void {
    this.beacons.push({ host: from.host, text });
    for (const other of this.servers.values()) {
      this.carry(from.host, other.host, () => {
        if (other.isAlive) other.cluster.hear(text, from.host);
      });
    }
  }
}

/** One server of the sim cluster. */
export class SimServer {
  readonly host: string;
  readonly address: Address;
  readonly bootId: string;
  readonly replica: MemoryReplica;
  readonly cluster: Cluster;
  readonly logs: string[] = [];
  /** Addresses of older servers with this one's node id. */
  readonly duplicates: Address[] = [];
  remembered: Remembered;
  /** Awaited before what it remembers is on its disk, which fails where this rejects. */
  beforeSaving: () => Promise<void> = () => Promise.resolve();
  isAlive = true;
  readonly #sim: SimCluster;
  readonly #setup: ServerSetup;
  readonly #clock: ProcessClock;

  constructor(sim: SimCluster, setup: ServerSetup, bootId: string) {
    const { nodeId = 'node-1', host = '10.0.0.1', port = 7000, cluster = 'test', keys = [KEY] } = setup;
    const { maxPeers = 100, remembered = NOTHING, beacons = false, aheadMs = 0 } = setup;
    this.#sim = sim;
    this.#setup = setup;
    this.host = host;
    this.address = `${host}:${port}`;
    this.bootId = bootId;
    this.remembered = remembered;
    this.replica = setup.replica ?? new MemoryReplica(nodeId);
    this.#clock = new ProcessClock(sim.clock);
    this.cluster = new Cluster({
      name: cluster,
      bootId,
      at: port,
      keyring: new Keyring(keys),
      maxPeers,
      replica: this.replica,
      transport: this.#transport(),
      clock: this.#clock,
      wallClockMs: () => EPOCH_MS + aheadMs + sim.clock.nowMs(),
      random: sim.streams(bootId),
      log: (text) => this.logs.push(text),
      remembered,
      remember: async (latest) => {
        await this.beforeSaving();
        this.remembered = latest;
      },
      onDuplicate: (address) => this.duplicates.push(address),
    });
    if (beacons) this.cluster.beginBeacons((text) => sim.call(this, text));
  }

  get peers(): Address[] {
    return this.cluster.peers;
  }

  stateOf({ address }: { readonly address: Address }): MemberState | undefined {
    return [...this.cluster.members].find((member) => member.address === address)?.state;
  }

  /** Crashes. */
  die(): void {
    this.isAlive = false;
    this.cluster.stop();
    this.#clock.end();
  }

  /** Stops and restarts with the same disk. */
  restart(setup: ServerSetup = {}): SimServer {
    this.die();
    this.#sim.servers.delete(this.address);
    const { host, replica, remembered } = this;
    return this.#sim.start({ ...this.#setup, host, replica, remembered, ...setup });
  }

  #transport(): Transport {
    const sim = this.#sim;
    return {
      send: (address, text, timeoutMs) =>
        new Promise((resolve, reject) => {
          sim.requests.push({ from: this.host, to: address, text });
          this.#clock.after(timeoutMs, () => reject(new RpcError('no answer')));
          const other = sim.servers.get(address);
          const otherHost = other?.host ?? address.replace(/:\d+$/, '');
          sim.carry(this.host, otherHost, () => {
            if (other?.isAlive !== true) {
              sim.carry(otherHost, this.host, () => reject(new RpcError('connection refused')));
              return;
            }
            void other.cluster.receive(text, this.host).then(
              (reply) => sim.carry(otherHost, this.host, () => resolve(reply)),
              () => sim.carry(otherHost, this.host, () => reject(new RpcError('status 403'))),
            );
          });
        }),
    };
  }
}

/** The peers that each should have: all others. */
export const everybodyElse = (all: readonly SimServer[]): string[][] =>
  all.map((one) =>
    all
      .filter((other) => other !== one)
      .map(({ address }) => address)
      .toSorted(),
  );
export const peersOf = (all: readonly SimServer[]): string[][] => all.map(({ peers }) => peers.toSorted());
