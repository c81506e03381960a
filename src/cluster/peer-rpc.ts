/**
 * Peer RPC: signed requests to peers and their responses. The signature of a response covers the request that it is for,
 * so no other can take its place. A request names the boot id that it is for and carries a number, so it is accepted
 * once and by no other process; only identify, which changes nothing, does without. No clock is involved.
 */
import { DecodeError, NewerVersionError } from '../runtime/decode.ts';
import { type Address, formatAddress } from './address.ts';
import { decodeResponse, decodeRequest, encodeResponse, encodeRequest } from './codec.ts';
import type { Response, ResponseBody, Request, RequestBody, Sender } from './messages.ts';
import type { Keyring } from './hmac.ts';

/** Carries a request to a server and the response back. */
export interface Transport {
  /** Resolves with the response. Rejects if none arrives within the time. */
  send(address: Address, text: string, timeoutMs: number): Promise<string>;
}

/** Handles a request from the server at `address`. */
export type Respond = (request: Request, address: Address) => Promise<ResponseBody>;

export interface PeerRpcOptions {
  readonly self: () => Sender;
  readonly keyring: Keyring;
  readonly transport: Transport;
}

/** A peer RPC has failed: no response, or not one that a peer of this cluster would send. */
export class RpcError extends Error {}

/** The server at an address cannot show that it is a peer. */
export class UntrustedPeerError extends RpcError {}

/** How many processes of others are tracked to recognize their repeated requests. */
const MAX_BOOTS = 4096;
/** How far requests of one process may overtake each other. */
const WINDOW = 1024;

export class PeerRpc {
  sentBytes = 0;
  receivedBytes = 0;
  readonly #options: PeerRpcOptions;
  readonly #windows = new Map<string, Window>();
  /** The number of the latest request to each boot id, the least recently asked first. */
  readonly #sent = new Map<string, number>();

  constructor(options: PeerRpcOptions) {
    this.#options = options;
  }

  /** Sends a request to the process with boot id `to`, or with '' to whichever is there. Rejects with an Error. */
  async ask(address: Address, to: string, body: RequestBody, timeoutMs: number): Promise<Response> {
    const { self, keyring, transport } = this.#options;
    const from = self();
    const seq = this.#next(to);
    const signed = keyring.sign('request', '', encodeRequest({ from, to, seq, body }));
    this.sentBytes += Buffer.byteLength(signed);
    const reply = await transport.send(address, signed, timeoutMs);
    this.receivedBytes += Buffer.byteLength(reply);
    const text = keyring.verify('reply', `${from.bootId} ${to} ${seq}`, reply);
    if (text === undefined) throw new RpcError('its response is not signed with a key of this cluster');
    try {
      return decodeResponse(text);
    } catch (error) {
      if (error instanceof NewerVersionError) throw new UntrustedPeerError(error.message);
      if (error instanceof DecodeError) throw new RpcError(`its response is malformed: ${error.message}`);
      throw error;
    }
  }

  /**
   * Handles a signed request that has come from `host` and resolves with the signed response. Rejects with a DecodeError
   * if it is not a request, or not signed with a key of this cluster.
   */
  async handle(signed: string, host: string, respond: Respond): Promise<string> {
    const { self, keyring } = this.#options;
    this.receivedBytes += Buffer.byteLength(signed);
    const text = keyring.verify('request', '', signed);
    if (text === undefined) throw new DecodeError('this is not signed with a key of this cluster');
    const request = decodeRequest(text);
    const body = this.#refusal(request) ?? (await respond(request, addressOf(request.from, host)));
    const context = `${request.from.bootId} ${request.to} ${request.seq}`;
    const reply = keyring.sign('reply', context, encodeResponse({ from: self(), body }));
    this.sentBytes += Buffer.byteLength(reply);
    return reply;
  }

  #next(to: string): number {
    const seq = (this.#sent.get(to) ?? 0) + 1;
    this.#sent.delete(to);
    this.#sent.set(to, seq);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > MAX_BOOTS && oldest !== undefined) this.#sent.delete(oldest);
    return seq;
  }

  #refusal({ from, to, seq, body }: Request): ResponseBody | undefined {
    if (body.type === 'identify') return undefined;
    if (to !== this.#options.self().bootId) {
      return { type: 'refused', why: 'other-boot', message: 'this is for another process' };
    }
    let window = this.#windows.get(from.bootId);
    if (window === undefined) {
      // A replayed request of a process that is no longer tracked does no harm: merging twice changes nothing.
      const [oldest] = this.#windows.keys();
      if (this.#windows.size >= MAX_BOOTS && oldest !== undefined) this.#windows.delete(oldest);
      window = new Window();
      this.#windows.set(from.bootId, window);
    }
    if (window.take(seq)) return undefined;
    return { type: 'refused', why: 'repeated', message: 'this request has been received before' };
  }
}

/** Where to reach the sender of a message that has come from `host`. */
export const addressOf = ({ at }: Pick<Sender, 'at'>, host: string): Address =>
  typeof at === 'number' ? formatAddress({ host, port: at }) : at;

/** Which request numbers have been received. One too old to tell counts as received. */
class Window {
  #latest = 0;
  readonly #seen = new Set<number>();

  take(seq: number): boolean {
    if (seq <= this.#latest - WINDOW || this.#seen.has(seq)) return false;
    this.#seen.add(seq);
    if (seq > this.#latest) {
      this.#latest = seq;
      if (this.#seen.size > 2 * WINDOW) {
        for (const old of this.#seen) if (old <= this.#latest - WINDOW) this.#seen.delete(old);
      }
    }
    return true;
  }
}
