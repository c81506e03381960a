import type { Address } from '../../src/cluster/address.ts';
import { Cluster, type Remembered } from '../../src/cluster/cluster.ts';
import type { MemberState } from '../../src/cluster/member.ts';
import { RpcError, type Transport } from '../../src/cluster/peer-rpc.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { ProcessClock } from '../../src/workbench/sim/process-clock.ts';
import { type Streams, streams } from '../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { MemoryReplica } from './memory-replica.ts';

export interface House {
  readonly nodeId?: string;
  readonly host?: string;
  readonly port?: number;
  readonly cluster?: string;
  readonly keys?: readonly string[];
  readonly maxPeers?: number;
  readonly remembered?: Remembered;
  /** What it counted in an earlier bootId. */
  readonly replica?: MemoryReplica;
  /** How far its clock is ahead of the others'. */
  readonly aheadMs?: number;
  /** Whether it calls out. */
  readonly beacons?: boolean;
}

export const KEY = 'a key of the cluster';
/** When the clocks of a town start, in milliseconds since 1970. */
const EPOCH_MS = 1_800_000_000_000;
const NOTHING: Remembered = { peers: [], removals: new Map() };

/** Several clusters in one virtual time, and a network between them that does as it is told. */
export class Town {
  readonly clock = new VirtualClock();
  readonly streams: Streams;
  readonly residents = new Map<Address, Resident>();
  /** What has been sent: who by host, to whom by address, and the text. */
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

  /** Somebody moves in. */
  settle(house: House = {}): Resident {
    const number = this.residents.size + 1;
    const bootId = `${streams(++this.#boots)('life')
      .next()
      .toString(36)
      .slice(2, 10)}0`;
    const resident = new Resident(
      this,
      { nodeId: `node-${number}`, host: `10.0.0.${number}`, ...house },
      bootId,
    );
    this.residents.set(resident.address, resident);
    return resident;
  }

  /** As many as that, who have all been told of the first. */
  async settleAll(count: number, house: House = {}): Promise<Resident[]> {
    const all = Array.from({ length: count }, () => this.settle(house));
    const [first] = all;
    for (const resident of all.slice(1))
      if (first !== undefined) resident.cluster.addConfiguredPeer(first.address);
    await this.pass(30_000);
    return all;
  }

  /** From now on nothing goes from one to the other. */
  cut(from: Resident, to: Resident): void {
    this.#cuts.add(`${from.host}>${to.host}`);
  }

  cutOff(resident: Resident): void {
    for (const other of this.residents.values()) {
      this.cut(resident, other);
      this.cut(other, resident);
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

  /** Everybody who listens hears it. */
  call(from: Resident, text: string): void {
    this.beacons.push({ host: from.host, text });
    for (const other of this.residents.values()) {
      this.carry(from.host, other.host, () => {
        if (other.isAlive) other.cluster.hear(text, from.host);
      });
    }
  }
}

/** A cluster's one server, in its town. */
export class Resident {
  readonly host: string;
  readonly address: Address;
  readonly bootId: string;
  readonly replica: MemoryReplica;
  readonly cluster: Cluster;
  readonly logs: string[] = [];
  /** Where others have been found who had this one's node id before. */
  readonly duplicates: Address[] = [];
  remembered: Remembered;
  isAlive = true;
  readonly #town: Town;
  readonly #house: House;
  readonly #clock: ProcessClock;

  constructor(town: Town, house: House, bootId: string) {
    const { nodeId = 'node-1', host = '10.0.0.1', port = 7000, cluster = 'town', keys = [KEY] } = house;
    const { maxPeers = 100, remembered = NOTHING, beacons = false, aheadMs = 0 } = house;
    this.#town = town;
    this.#house = house;
    this.host = host;
    this.address = `${host}:${port}`;
    this.bootId = bootId;
    this.remembered = remembered;
    this.replica = house.replica ?? new MemoryReplica(nodeId);
    this.#clock = new ProcessClock(town.clock);
    this.cluster = new Cluster({
      name: cluster,
      bootId,
      at: port,
      keyring: new Keyring(keys),
      maxPeers,
      replica: this.replica,
      transport: this.#transport(),
      clock: this.#clock,
      wallClockMs: () => EPOCH_MS + aheadMs + town.clock.nowMs(),
      random: town.streams(bootId),
      log: (text) => this.logs.push(text),
      remembered,
      remember: (latest) => (this.remembered = latest),
      onDuplicate: (address) => this.duplicates.push(address),
    });
    if (beacons) this.cluster.beginBeacons((text) => town.call(this, text));
  }

  get peers(): Address[] {
    return this.cluster.peers;
  }

  stateOf({ address }: { readonly address: Address }): MemberState | undefined {
    return [...this.cluster.members].find((member) => member.address === address)?.state;
  }

  /** Ends without a word. */
  die(): void {
    this.isAlive = false;
    this.cluster.stop();
    this.#clock.end();
  }

  /** Ends, and begins another bootId with the same disk. */
  restart(house: House = {}): Resident {
    this.die();
    this.#town.residents.delete(this.address);
    const { host, replica, remembered } = this;
    return this.#town.settle({ ...this.#house, host, replica, remembered, ...house });
  }

  #transport(): Transport {
    const town = this.#town;
    return {
      send: (address, text, timeoutMs) =>
        new Promise((resolve, reject) => {
          town.requests.push({ from: this.host, to: address, text });
          this.#clock.after(timeoutMs, () => reject(new RpcError('no answer')));
          const other = town.residents.get(address);
          const otherHost = other?.host ?? address.replace(/:\d+$/, '');
          town.carry(this.host, otherHost, () => {
            if (other?.isAlive !== true) {
              town.carry(otherHost, this.host, () => reject(new RpcError('connection refused')));
              return;
            }
            void other.cluster.receive(text, this.host).then(
              (reply) => town.carry(otherHost, this.host, () => resolve(reply)),
              () => town.carry(otherHost, this.host, () => reject(new RpcError('status 403'))),
            );
          });
        }),
    };
  }
}

/** Whom each should have as peers: all others. */
export const everybodyElse = (all: readonly Resident[]): string[][] =>
  all.map((one) =>
    all
      .filter((other) => other !== one)
      .map(({ address }) => address)
      .toSorted(),
  );
export const peersOf = (all: readonly Resident[]): string[][] => all.map(({ peers }) => peers.toSorted());
