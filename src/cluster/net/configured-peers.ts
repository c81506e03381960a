/**
 * Configured peers: the addresses that an operator has named. A host name may stand for several servers, as that of a
 * Compose or headless service does, so names are looked up again and again, and each address is reported.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';

/** How often names are looked up again: the servers behind one come and go. */
const LOOKUP_MS = 15_000;

export class ConfiguredPeers {
  readonly #peers: readonly Address[];
  readonly #clock: Clock;
  readonly #onAddress: (address: Address) => void;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(peers: readonly Address[], clock: Clock, onAddress: (address: Address) => void) {
    this.#peers = peers;
    this.#clock = clock;
    this.#onAddress = onAddress;
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    await Promise.all(
      this.#peers.map(async (peer) => {
        for (const address of await addressesOf(peer)) if (!this.#isStopped) this.#onAddress(address);
      }),
    );
    if (!this.#isStopped) this.#timer = this.#clock.after(LOOKUP_MS, () => void this.#look());
  }
}

/** A name with one address stays a name: operators know it, and its address may change. */
async function addressesOf(peer: Address): Promise<Address[]> {
  const { host, port } = parseAddress(peer) ?? { host: '', port: 0 };
  if (isIP(host) !== 0) return [peer];
  try {
    const found = await lookup(host, { all: true });
    const ipv4 = found.filter(({ family }) => family === 4);
    const hosts = ipv4.length > 0 ? ipv4 : found;
    return hosts.length === 1 ? [peer] : hosts.map(({ address }) => formatAddress({ host: address, port }));
  } catch {
    return [];
  }
}
