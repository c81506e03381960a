/**
 * Datagrams for beacons, over UDP broadcast and, if wanted, multicast. Servers on one machine share the port.
 */
import { type Socket, createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { asError } from '../../runtime/error.ts';
import { isLoopback } from '../address.ts';
import { MAX_BEACON_BYTES } from '../beacon.ts';

export interface DatagramsOptions {
  readonly port: number;
  /** Whether nothing is sent to other machines, nor received from them. */
  readonly isLoopbackOnly: boolean;
  /** A multicast group to send to as well. */
  readonly multicast: string | undefined;
  readonly onDatagram: (text: string, host: string) => void;
  readonly onError: (error: Error) => void;
}

const LOOPBACK_BROADCAST = '127.255.255.255';

export class Datagrams {
  readonly #options: DatagramsOptions;
  readonly #socket: Socket;
  #isClosed = false;

  private constructor(options: DatagramsOptions) {
    this.#options = options;
    this.#socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket.on('message', (message, { address }) => {
      if (message.length > MAX_BEACON_BYTES) return;
      if (options.isLoopbackOnly && !isLoopback(address)) return;
      options.onDatagram(message.toString(), address);
    });
  }

  /** Resolves when datagrams are being received. Rejects if the port cannot be used. */
  static open(options: DatagramsOptions): Promise<Datagrams> {
    const datagrams = new Datagrams(options);
    const socket = datagrams.#socket;
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(options.port, () => {
        socket.off('error', reject);
        socket.on('error', options.onError);
        try {
          socket.setBroadcast(true);
          if (options.multicast !== undefined) datagrams.#joinGroup(options.multicast);
          resolve(datagrams);
        } catch (error) {
          reject(asError(error));
        }
      });
    });
  }

  /** Sends a text to all servers near. A network that is down is not an error: it may come back. */
  send(text: string): void {
    if (this.#isClosed) return;
    const { port, isLoopbackOnly, multicast } = this.#options;
    try {
      const targets = isLoopbackOnly ? [LOOPBACK_BROADCAST] : broadcastAddresses();
      if (multicast !== undefined) targets.push(multicast);
      for (const target of targets) this.#socket.send(text, port, target, () => {});
    } catch (error) {
      this.#options.onError(asError(error));
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #joinGroup(group: string): void {
    const own = ipv4Interfaces().map(({ address }) => address);
    for (const address of this.#options.isLoopbackOnly ? ['127.0.0.1'] : own) {
      try {
        this.#socket.addMembership(group, address);
      } catch (error) {
        this.#options.onError(asError(error));
      }
    }
    if (this.#options.isLoopbackOnly) this.#socket.setMulticastInterface('127.0.0.1');
  }
}

const ipv4Interfaces = (): { readonly address: string; readonly netmask: string }[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);

/** The broadcast address of each network that this machine is on, or the loopback one if it is on none. */
function broadcastAddresses(): string[] {
  const addresses = ipv4Interfaces().map(({ address, netmask }) => {
    const mask = netmask.split('.').map(Number);
    return address
      .split('.')
      .map((byte, index) => Number(byte) | (~(mask[index] ?? 255) & 255))
      .join('.');
  });
  return addresses.length === 0 ? [LOOPBACK_BROADCAST] : [...new Set(addresses)];
}
