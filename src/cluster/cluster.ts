import type { Clock, Timer } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Address } from './address.ts';
import { type Beacon, decodeBeacon, encodeBeacon } from './beacon.ts';
import { type Member, isPeer, isWorthRemembering } from './member.ts';
import { PeerRpc, type Transport, addressOf } from './peer-rpc.ts';
import type { Removals } from './removals.ts';
import { Membership } from './membership.ts';
import type { AnswerBody, Request, Sender } from './messages.ts';
import type { Replica } from './replica.ts';
import { Replication } from './replication.ts';
import type { Keyring } from './hmac.ts';

export interface ClusterOptions {
  /** Clusters of other names are none of ours. */
  readonly name: string;
  /** Tells this life of the process from others: digits and small letters. */
  readonly life: string;
  /** Where peers reach this server: an address, or a port of the host that they hear it from. */
  readonly at: Address | number;
  readonly seal: Keyring;
  readonly maxPeers: number;
  readonly replica: Replica;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly random: Random;
  readonly log: Log;
  /** What was remembered when the server was last stopped. */
  readonly memory: Memory;
  /** Keeps what is to be remembered over a restart. */
  readonly remember: (memory: Memory) => void;
  /** Another process with our node id was there before us: this one must stop. */
  readonly onDuplicate: (address: Address) => void;
}

/** What outlives a process. */
export interface Memory {
  readonly peers: readonly Address[];
  readonly decisions: Removals;
}

/** What has been heard of a server by beacon. */
export interface Heard {
  readonly id: string;
  readonly address: Address;
  readonly firstMs: number;
  lastMs: number;
  seq: number;
  life: string;
}

/** When a server that has just started calls out: nobody need wait for the next round to find it. */
const BURST_MS = [0, 100, 300, 1000];
const BEACON_MS = 4000;
const MAX_HEARD = 1000;

/**
 * A server among its peers: who they are, and that all come to hold the same. Knows no socket: what it sends goes
 * through ports, and what arrives is handed to `receive` and `hear`.
 */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #correspondence: PeerRpc;
  readonly #membership: Membership;
  readonly #replication: Replication;
  readonly #heard = new Map<Address, Heard>();
  readonly #bornMs: number;
  #beacons = 0;
  #timer: Timer | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { clock, wallClockMs, random, seal, transport, replica, maxPeers, log, memory } = options;
    this.#bornMs = clock.nowMs();
    const self = (): Sender => this.#self();
    this.#correspondence = new PeerRpc({ self, seal, transport });
    this.#replication = new Replication({
      replica,
      clock,
      ask: async (contact, body, timeoutMs) => {
        const to = contact.who?.life ?? '';
        return (await this.#correspondence.ask(contact.address, to, body, timeoutMs)).body;
      },
      onDoubt: (contact) => this.#membership.doubt(contact),
    });
    this.#membership = new Membership({
      self,
      clock,
      wallClockMs,
      random,
      maxPeers,
      log,
      ask: (address, to, body, timeoutMs) => this.#correspondence.ask(address, to, body, timeoutMs),
      digest: () => this.#replication.digest,
      onPeer: (contact) => void this.#join(contact).catch(() => {}),
      onGone: (contact) => this.#replication.leave(contact),
      onDigest: (contact, digest) => this.#replication.compareWith(contact, digest),
      onChange: () => options.remember(this.#memory()),
      onDuplicate: options.onDuplicate,
    });
    for (const address of memory.peers) this.#membership.hint(address, 'remembered');
    this.#membership.takeNews({ peers: [], decisions: memory.decisions });
  }

  /** The addresses of the peers that are there. */
  get peers(): Address[] {
    return this.#membership.peers().map(({ address }) => address);
  }

  get contacts(): Iterable<Member> {
    return this.#membership.contacts;
  }

  /** What has been heard by beacon, by address. Times are in milliseconds of the clock. */
  get heard(): Iterable<Heard> {
    return this.#heard.values();
  }

  get bytes(): { readonly sent: number; readonly received: number } {
    const { sentBytes, receivedBytes } = this.#correspondence;
    return { sent: sentBytes, received: receivedBytes };
  }

  lagMs(contact: Member): number {
    return this.#replication.lagMs(contact);
  }

  /** There should be a server at an address. */
  seek(address: Address): void {
    this.#membership.hint(address, 'static');
  }

  /** Takes in the server at an address. Resolves with what it turns out to be; undefined where there is no room. */
  register(address: Address): Promise<Member | undefined> {
    return this.#membership.register(address);
  }

  /**
   * Takes out the server that is known by an address. Answers its node id: null where nobody has ever answered there,
   * which is only forgotten, and undefined where there is nobody to be taken out.
   */
  remove(address: Address): string | null | undefined {
    const contact = [...this.contacts].find((candidate) => candidate.address === address);
    if (contact === undefined || ['self', 'duplicate', 'stranger'].includes(contact.state)) return undefined;
    if (contact.who === undefined) {
      this.#membership.forget(contact);
      return null;
    }
    this.#membership.remove(contact.who.id);
    return contact.who.id;
  }

  /** Calls out by `send`, again and again: first in a burst, then every few seconds. */
  beginBeacons(send: (datagram: string) => void): void {
    const { clock, random, seal, name, life, at, log } = this.#options;
    const call = (): void => {
      const seq = this.#beacons++;
      const datagram = encodeBeacon(seal, { cluster: name, id: this.#self().id, life, at, seq });
      if (datagram !== undefined) send(datagram);
      else if (seq === 0) log('its names are too long for beacons: nobody hears of this server');
      const delayMs = BURST_MS[seq + 1] ?? BEACON_MS * (0.75 + random.next() / 2);
      this.#timer = clock.after(delayMs, call);
    };
    call();
  }

  /** Takes in a datagram that has come from a host. */
  hear(datagram: string, host: string): void {
    const { seal, name, life, clock } = this.#options;
    const beacon = decodeBeacon(seal, datagram);
    if (beacon === undefined || beacon.cluster !== name || beacon.life === life) return;
    const address = addressOf(beacon, host);
    if (this.#note(beacon, address, clock.nowMs())) this.#membership.hint(address, 'beacon', beacon);
  }

  /** The answer to a request that has come from a host. Rejects with a Malformed for what is none of this cluster. */
  receive(sealed: string, host: string): Promise<string> {
    return this.#correspondence.answer(sealed, host, (request, address) => this.#respond(request, address));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#membership.stop();
    this.#replication.stop();
  }

  /** Notes a beacon. Answers whether it is news: one that is older than what has been heard of that life is not. */
  #note({ id, life, seq }: Beacon, address: Address, nowMs: number): boolean {
    const known = this.#heard.get(address);
    if (known !== undefined && known.id === id) {
      if (known.life === life && seq <= known.seq) return false;
      Object.assign(known, { life, seq, lastMs: nowMs });
      return true;
    }
    if (known === undefined && this.#heard.size >= MAX_HEARD) {
      const [oldest] = [...this.#heard.values()].toSorted((a, b) => a.lastMs - b.lastMs);
      if (oldest !== undefined) this.#heard.delete(oldest.address);
    }
    this.#heard.set(address, { id, address, life, seq, firstMs: nowMs, lastMs: nowMs });
    return true;
  }

  /** Before anything of this disk goes to anybody, it counts under a name that is its alone. */
  async #join(contact: Member): Promise<void> {
    const { who } = contact;
    await this.#options.replica.useRandomReplicaId();
    if (isPeer(contact) && contact.who?.life === who?.life) {
      this.#replication.join(contact, this.#options.life < (who?.life ?? ''));
    }
  }

  async #respond({ from, body }: Request, address: Address): Promise<AnswerBody> {
    if (body.type === 'hello') return { type: 'welcome' };
    if (from.cluster !== this.#options.name) {
      return { type: 'refused', why: 'other-life', message: 'this is for another cluster' };
    }
    if (body.type === 'news') {
      this.#membership.takeNews(body);
      return { type: 'done' };
    }
    const refusal = this.#membership.refusalOf(from, address);
    if (refusal !== undefined) return refusal;
    if (body.type === 'ping') return this.#membership.pong(body);
    if (body.type === 'probe') return { type: 'probed', reached: await this.#membership.probe(body.address) };
    await this.#options.replica.useRandomReplicaId();
    return this.#replication.answer(body, from.life);
  }

  #self(): Sender {
    const { name, life, at, clock, replica } = this.#options;
    const upMs = Math.max(0, Math.floor(clock.nowMs() - this.#bornMs));
    return { cluster: name, id: replica.identity.nodeId, life, at, upMs };
  }

  #memory(): Memory {
    const peers = [...this.contacts].filter(isWorthRemembering).map(({ address }) => address);
    return { peers, decisions: this.#membership.decisions };
  }
}
