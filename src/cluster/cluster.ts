/**
 * A cluster, seen from one of its servers: wires peer RPC, membership and replication together, and sends and hears
 * beacons. Knows no socket: it sends through ports, and what arrives is handed to `receive` and `hear`.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Address } from './address.ts';
import { type Beacon, decodeBeacon, encodeBeacon } from './beacon.ts';
import { type Member, isPeer, isWorthRemembering } from './member.ts';
import { PeerRpc, type Transport, addressOf } from './peer-rpc.ts';
import type { Removals } from './removals.ts';
import { Membership } from './membership.ts';
import type { ResponseBody, Request, Sender } from './messages.ts';
import { type Replica, enterCluster } from './replica.ts';
import { Replication } from './replication.ts';
import type { Keyring } from './hmac.ts';

export interface ClusterOptions {
  /** Servers of clusters with other names are ignored. */
  readonly name: string;
  /** The boot id of this process: digits and small letters. */
  readonly bootId: string;
  /** Where peers reach this server: an address, or a port on the host that its messages come from. */
  readonly at: Address | number;
  readonly keyring: Keyring;
  readonly maxPeers: number;
  readonly replica: Replica;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly random: Random;
  readonly log: Log;
  /** What was saved when the server last ran. */
  readonly remembered: Remembered;
  /** Saves what a restart needs; called at each change. Resolves when the disk has it; reports a failure and rejects. */
  readonly remember: (remembered: Remembered) => Promise<void>;
  /** An older process with our node id is running: this one must stop. */
  readonly onDuplicate: (address: Address) => void;
}

/** What a server remembers of its cluster over a restart. */
export interface Remembered {
  readonly peers: readonly Address[];
  readonly removals: Removals;
}

/** A server whose beacons have been heard. */
export interface Heard {
  readonly id: string;
  readonly address: Address;
  readonly firstMs: number;
  lastMs: number;
  seq: number;
  bootId: string;
}

/** The beacons of a server that has just started, so that it is found before the next regular one. */
const BURST_MS = [0, 100, 300, 1000];
const BEACON_MS = 4000;
const MAX_HEARD = 1000;

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #rpc: PeerRpc;
  readonly #membership: Membership;
  readonly #replication: Replication;
  readonly #heard = new Map<Address, Heard>();
  readonly #bornMs: number;
  #beacons = 0;
  #timer: Timer | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { clock, wallClockMs, random, keyring, transport, replica, maxPeers, log, remembered } = options;
    this.#bornMs = clock.nowMs();
    const self = (): Sender => this.#self();
    this.#rpc = new PeerRpc({ self, keyring, transport });
    this.#replication = new Replication({
      replica,
      clock,
      ask: async (member, body, timeoutMs) => {
        const to = member.who?.bootId ?? '';
        return (await this.#rpc.ask(member.address, to, body, timeoutMs)).body;
      },
      onFailure: (member) => this.#membership.suspect(member),
    });
    this.#membership = new Membership({
      self,
      clock,
      wallClockMs,
      random,
      maxPeers,
      log,
      ask: (address, to, body, timeoutMs) => this.#rpc.ask(address, to, body, timeoutMs),
      digest: () => this.#replication.digest,
      onJoin: (member) => void this.#join(member).catch(() => {}),
      onLeave: (member) => this.#replication.leave(member),
      onDigest: (member, digest) => this.#replication.compareWith(member, digest),
      onChange: () => void this.save().catch(() => {}),
      onDuplicate: options.onDuplicate,
    });
    for (const address of remembered.peers) this.#membership.addCandidate(address, 'remembered');
    this.#membership.restoreRemovals(remembered.removals);
  }

  /** The addresses of the peers, in order. */
  get peers(): Address[] {
    return this.#membership.peers().map(({ address }) => address);
  }

  get members(): Iterable<Member> {
    return this.#membership.members;
  }

  /** The servers heard by beacon. Times are in milliseconds of the clock. */
  get heard(): Iterable<Heard> {
    return this.#heard.values();
  }

  get bytes(): { readonly sent: number; readonly received: number } {
    const { sentBytes, receivedBytes } = this.#rpc;
    return { sent: sentBytes, received: receivedBytes };
  }

  lagMs(member: Member): number {
    return this.#replication.lagMs(member);
  }

  /** Adds an address that an operator has configured. */
  addConfiguredPeer(address: Address): void {
    this.#membership.addCandidate(address, 'configured');
  }

  /** Registers the server at an address. Resolves with the member, or undefined when the member table is full. */
  register(address: Address): Promise<Member | undefined> {
    return this.#membership.register(address);
  }

  /**
   * Removes the server known by an address. Returns its node id; null if no server ever answered there, in which case
   * the address is dropped; undefined if there is nothing to remove.
   */
  remove(address: Address): string | null | undefined {
    const member = [...this.members].find((candidate) => candidate.address === address);
    if (member === undefined || ['self', 'duplicate', 'stranger'].includes(member.state)) return undefined;
    if (member.who === undefined) {
      this.#membership.forget(member);
      return null;
    }
    this.#membership.remove(member.who.id);
    return member.who.id;
  }

  /** Resolves when the disk has what a restart needs of all that has happened. Rejects if the disk fails. */
  save(): Promise<void> {
    return this.#options.remember(this.#remembered());
  }

  /** Sends beacons through `send` until stopped: first in a burst, then every few seconds. */
  beginBeacons(send: (datagram: string) => void): void {
    const { clock, random, keyring, name, bootId, at, log } = this.#options;
    const call = (): void => {
      const seq = this.#beacons++;
      const datagram = encodeBeacon(keyring, { cluster: name, id: this.#self().id, bootId, at, seq });
      if (datagram !== undefined) send(datagram);
      else if (seq === 0) log('its names are too long for beacons: this server cannot be discovered');
      const delayMs = BURST_MS[seq + 1] ?? BEACON_MS * (0.75 + random.next() / 2);
      this.#timer = clock.after(delayMs, call);
    };
    call();
  }

  /** Handles a datagram that has come from a host. */
  hear(datagram: string, host: string): void {
    const { keyring, name, bootId, clock } = this.#options;
    const beacon = decodeBeacon(keyring, datagram);
    if (beacon === undefined || beacon.cluster !== name || beacon.bootId === bootId) return;
    const address = addressOf(beacon, host);
    if (this.#note(beacon, address, clock.nowMs())) this.#membership.addCandidate(address, 'beacon', beacon);
  }

  /** Handles a request that has come from a host. Rejects with a DecodeError if it is not from this cluster. */
  receive(signed: string, host: string): Promise<string> {
    return this.#rpc.handle(signed, host, (request, address) => this.#respond(request, address));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#membership.stop();
    this.#replication.stop();
  }

  /** Records a beacon. Returns whether it is new: one older than the latest of the same boot id is not. */
  #note({ id, bootId, seq }: Beacon, address: Address, nowMs: number): boolean {
    const known = this.#heard.get(address);
    if (known !== undefined && known.id === id) {
      if (known.bootId === bootId && seq <= known.seq) return false;
      Object.assign(known, { bootId, seq, lastMs: nowMs });
      return true;
    }
    if (known === undefined && this.#heard.size >= MAX_HEARD) {
      const [oldest] = [...this.#heard.values()].toSorted((a, b) => a.lastMs - b.lastMs);
      if (oldest !== undefined) this.#heard.delete(oldest.address);
    }
    this.#heard.set(address, { id, address, bootId, seq, firstMs: nowMs, lastMs: nowMs });
    return true;
  }

  /** Starts replication. */
  async #join(member: Member): Promise<void> {
    const { who } = member;
    await this.#enter(`${member.address} is a peer now`);
    if (isPeer(member) && member.who?.bootId === who?.bootId) {
      this.#replication.join(member, this.#options.bootId < (who?.bootId ?? ''));
    }
  }

  async #respond({ from, body }: Request, address: Address): Promise<ResponseBody> {
    if (body.type === 'identify') return { type: 'identity' };
    if (from.cluster !== this.#options.name) {
      return { type: 'refused', why: 'other-boot', message: 'this is for another cluster' };
    }
    if (body.type === 'gossip') {
      this.#membership.mergeGossip(body, address);
      return { type: 'done' };
    }
    const refusal = this.#membership.rejectionOf(from, address);
    if (refusal !== undefined) return refusal;
    // Whoever asks any of this has taken this server in.
    await this.#enter(`${address} has taken this server into its cluster`);
    if (body.type === 'ping') return this.#membership.ack(body);
    if (body.type === 'indirect-ping')
      return { type: 'indirect-ack', reached: await this.#membership.isReachable(body.address) };
    return this.#replication.handle(body, from.bootId);
  }

  /** Before anything of this disk is sent or taken, it counts under a replica id that is its alone. */
  #enter(reason: string): Promise<void> {
    const { replica, log } = this.#options;
    return enterCluster(replica, reason, log);
  }

  #self(): Sender {
    const { name, bootId, at, clock, replica } = this.#options;
    const upMs = Math.max(0, Math.floor(clock.nowMs() - this.#bornMs));
    return { cluster: name, id: replica.identity.nodeId, bootId, at, upMs };
  }

  #remembered(): Remembered {
    const peers = [...this.members].filter(isWorthRemembering).map(({ address }) => address);
    return { peers, removals: this.#membership.removals };
  }
}
