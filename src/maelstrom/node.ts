/**
 * A Maelstrom node without its stdin and stdout: lines come in through `receive`, messages go out through `send`. It replies to
 * `init`, passes every other request to the service that it was created for, and matches replies with its own requests.
 * Whatever comes in, it does not throw.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { type Random, uniqueIntegers } from '../runtime/random.ts';
import { RequestError, errorCodes } from './errors.ts';
import { type Body, type Message, type OutgoingBody, decodeMessage, isMessageId } from './message.ts';
import { Rpc } from './rpc.ts';

/** Handles one type of request. Resolves with the body of the reply, or throws or rejects with a RequestError. */
export type Handler = (body: Body) => Promise<OutgoingBody>;

/** What a node does once init has told it its id and the other nodes. */
export interface Service {
  readonly handlers: ReadonlyMap<string, Handler>;
  /** Fails all open requests. */
  close(): void;
}

export interface Cluster {
  readonly nodeId: string;
  readonly nodeIds: readonly string[];
  /** Sends a request to another node or a service of the network; see Rpc.call. */
  readonly call: (dest: string, body: OutgoingBody) => Promise<Body>;
}

export interface NodeOptions {
  readonly start: (cluster: Cluster) => Service;
  readonly send: (message: Message) => void;
  readonly rpcTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class MaelstromNode {
  readonly #options: NodeOptions;
  /** Undefined until init. */
  #self: { readonly nodeId: string; readonly rpc: Rpc; readonly service: Service } | undefined;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  /** Takes one line. Never throws: what is not a message is dropped. */
  receive(line: string): void {
    const message = decodeMessage(line);
    if (message !== undefined) this.deliver(message);
    else if (line.trim() !== '') {
      this.#options.log(`dropped a line that is not a message: ${line.slice(0, 200)}`);
    }
  }

  /** Takes one message. Never throws: a request that cannot be handled gets an error as its reply. */
  deliver(message: Message): void {
    const inReplyTo = message.body['in_reply_to'];
    if (isMessageId(inReplyTo)) this.#self?.rpc.receive(inReplyTo, message);
    else this.#handle(message);
  }

  /** Fails all open requests. */
  close(): void {
    this.#self?.service.close();
  }

  #handle(request: Message): void {
    const reply = (body: OutgoingBody): void => this.#reply(request, body);
    const fail = (error: unknown): void => this.#reply(request, this.#errorBody(error));
    try {
      const result = this.#dispatch(request.body);
      if (result instanceof Promise) result.then(reply, fail);
      else reply(result);
    } catch (error) {
      fail(error);
    }
  }

  #dispatch(body: Body): Promise<OutgoingBody> | OutgoingBody {
    const { type } = body;
    if (typeof type !== 'string') throw new RequestError('malformed-request', 'a request needs a type');
    if (type === 'init') return this.#init(body);
    if (this.#self === undefined) {
      throw new RequestError('temporarily-unavailable', `${type} before init`);
    }
    const handler = this.#self.service.handlers.get(type);
    if (handler === undefined) throw new RequestError('not-supported', `unknown request type ${type}`);
    return handler(body);
  }

  #init(body: Body): OutgoingBody {
    const { node_id: nodeId, node_ids: nodeIds } = body;
    if (typeof nodeId !== 'string' || !isStringArray(nodeIds) || !nodeIds.includes(nodeId)) {
      throw new RequestError('malformed-request', 'init needs a node_id, and node_ids that include it');
    }
    if (this.#self !== undefined && this.#self.nodeId !== nodeId) {
      throw new RequestError('malformed-request', `this node is ${this.#self.nodeId} already`);
    }
    this.#self ??= this.#join(nodeId, [...new Set(nodeIds)]);
    return { type: 'init_ok' };
  }

  #join(nodeId: string, nodeIds: readonly string[]) {
    const { start, send, random, clock, rpcTimeoutMs } = this.#options;
    const rpc = new Rpc(
      (dest, body) => send({ src: nodeId, dest, body }),
      uniqueIntegers(random),
      clock,
      rpcTimeoutMs,
    );
    const call = (dest: string, body: OutgoingBody): Promise<Body> => rpc.call(dest, body);
    return { nodeId, rpc, service: start({ nodeId, nodeIds, call }) };
  }

  #errorBody(error: unknown): OutgoingBody {
    if (error instanceof RequestError) return { type: 'error', code: error.code, text: error.message };
    this.#options.log(error instanceof Error ? String(error.stack) : String(error));
    return { type: 'error', code: errorCodes.crash.code, text: String(error) };
  }

  /** Before init, a node does not know its id, and replies under the one that it was addressed by. */
  #reply({ src, dest, body }: Message, reply: OutgoingBody): void {
    const id = body['msg_id'];
    if (!isMessageId(id)) return;
    reply.in_reply_to = id;
    this.#options.send({ src: this.#self?.nodeId ?? dest, dest: src, body: reply });
  }
}

function isStringArray(json: unknown): json is string[] {
  return Array.isArray(json) && json.every((element) => typeof element === 'string');
}
