import { type Address, formatAddress } from './address.ts';
import { Malformed, decodeResponse, decodeRequest, encodeResponse, encodeRequest } from './codec.ts';
import type { Response, ResponseBody, Request, RequestBody, Sender } from './messages.ts';
import type { Keyring } from './hmac.ts';

/** Carries a text to a server and its answer back. */
export interface Transport {
  /** Resolves with the answer. Rejects where there is none within the time. */
  send(address: Address, text: string, timeoutMs: number): Promise<string>;
}

/** Answers a request of somebody who can be reached at `address`. */
export type Respond = (request: Request, address: Address) => Promise<ResponseBody>;

export interface PeerRpcOptions {
  readonly self: () => Sender;
  readonly keyring: Keyring;
  readonly transport: Transport;
}

/** A peer does not say what it should. */
export class RpcError extends Error {}

/** How many lives of others are remembered to tell what they have said before. */
const MAX_BOOTS = 4096;
/** Requests can overtake each other by so many. */
const WINDOW = 1024;

/**
 * Requests to peers and their answers, sealed. An answer is sealed together with the request that it is for, so no
 * other can be put in its place. A request names the life that it is for and has a number, so it is taken once, and by
 * nobody else; only a hello, which changes nothing, does without. No clock is involved.
 */
export class PeerRpc {
  sentBytes = 0;
  receivedBytes = 0;
  readonly #options: PeerRpcOptions;
  readonly #windows = new Map<string, Window>();
  /** The number of the latest request to each bootId, the least recently asked first. */
  readonly #sent = new Map<string, number>();

  constructor(options: PeerRpcOptions) {
    this.#options = options;
  }

  /** Asks a bootId, or with '' whoever is there. Rejects with an Error that says why there is no answer. */
  async ask(address: Address, to: string, body: RequestBody, timeoutMs: number): Promise<Response> {
    const { self, keyring, transport } = this.#options;
    const from = self();
    const seq = this.#next(to);
    const sealed = keyring.sign('request', '', encodeRequest({ from, to, seq, body }));
    this.sentBytes += Buffer.byteLength(sealed);
    const reply = await transport.send(address, sealed, timeoutMs);
    this.receivedBytes += Buffer.byteLength(reply);
    const text = keyring.verify('reply', `${from.bootId} ${to} ${seq}`, reply);
    if (text === undefined) throw new RpcError('its answer is not sealed with a key of this cluster');
    try {
      return decodeResponse(text);
    } catch (error) {
      if (error instanceof Malformed) throw new RpcError(`its answer makes no sense: ${error.message}`);
      throw error;
    }
  }

  /**
   * The answer to a request that has come from `host`. Rejects with a Malformed for what is none, or is not sealed
   * with a key of this cluster.
   */
  async answer(sealed: string, host: string, respond: Respond): Promise<string> {
    const { self, keyring } = this.#options;
    this.receivedBytes += Buffer.byteLength(sealed);
    const text = keyring.verify('request', '', sealed);
    if (text === undefined) throw new Malformed('this is not sealed with a key of this cluster');
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
      // Even what a forgotten bootId has said can be repeated only as far as merging it again changes anything: not at all.
      const [oldest] = this.#windows.keys();
      if (this.#windows.size >= MAX_BOOTS && oldest !== undefined) this.#windows.delete(oldest);
      window = new Window();
      this.#windows.set(from.bootId, window);
    }
    if (window.take(seq)) return undefined;
    return { type: 'refused', why: 'repeated', message: 'this has been here before' };
  }
}

/** Where the sender of a message that has come from `host` is reached. */
export const addressOf = ({ at }: Pick<Sender, 'at'>, host: string): Address =>
  typeof at === 'number' ? formatAddress({ host, port: at }) : at;

/** Which numbers have been here. What is too old to tell counts as having been. */
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
