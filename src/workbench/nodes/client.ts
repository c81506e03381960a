/**
 * A client as Maelstrom's: it has a name on the network, at most one request outstanding, and judges the reply as Maelstrom
 * does: an error of a definite code means that the add did not and will not happen, silence that it may have.
 */
import { isDefinite } from '../../maelstrom/errors.ts';
import type { Body, Message, OutgoingBody } from '../../maelstrom/message.ts';
import { Rpc } from '../../maelstrom/rpc.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Outcome } from './history.ts';
import type { Network } from '../sim/network.ts';
import type { Invocation } from './workload.ts';

/** How long a client waits for the reply to an operation, as in Maelstrom. */
export const CLIENT_TIMEOUT_MS = 5000;

/** How an invocation ended for its client. */
export interface Completion {
  readonly outcome: Outcome;
  /** What a read returned. */
  readonly value?: number;
  /** Why the outcome is not `ok`. */
  readonly error?: string;
}

export class Client {
  readonly #name: string;
  readonly #network: Network;
  readonly #rpc: Rpc;
  #messageId = 0;

  constructor(name: string, network: Network, clock: Clock, timeoutMs: number) {
    this.#name = name;
    this.#network = network;
    this.#rpc = new Rpc(
      (dest, body) => network.send({ src: name, dest, body }),
      () => ++this.#messageId,
      clock,
      timeoutMs,
    );
    network.attach(name, (message) => this.#receive(message));
  }

  /** Sends one request and resolves with the body of its reply. Rejects on timeout. */
  call(node: string, body: OutgoingBody): Promise<Body> {
    return this.#rpc.call(node, body);
  }

  /** Invokes an operation on `node`. A read without a value has failed; an add that may have happened is unknown. */
  async invoke(node: string, invocation: Invocation): Promise<Completion> {
    const request = invocation.f === 'add' ? { type: 'add', delta: invocation.delta } : { type: 'read' };
    let reply: Body;
    try {
      reply = await this.call(node, request);
    } catch (error) {
      return { outcome: invocation.f === 'read' ? 'fail' : 'info', error: String(error) };
    }
    if (reply['type'] === 'error') {
      const failed = invocation.f === 'read' || isDefinite(reply['code']);
      return { outcome: failed ? 'fail' : 'info', error: JSON.stringify(reply) };
    }
    return invocation.f === 'add' ? addCompletion(reply) : readCompletion(reply);
  }

  /** Leaves the network. */
  close(): void {
    this.#network.detach(this.#name);
  }

  #receive(message: Message): void {
    const inReplyTo = message.body['in_reply_to'];
    if (typeof inReplyTo === 'number') this.#rpc.receive(inReplyTo, message);
  }
}

/** Maelstrom checks replies against a schema: with an extra key, the outcome is unknown. */
function addCompletion(reply: Body): Completion {
  if (reply['type'] === 'add_ok' && hasOnly(reply, ['type', 'in_reply_to', 'msg_id']))
    return { outcome: 'ok' };
  return { outcome: 'info', error: `replied to add with ${JSON.stringify(reply)}` };
}

function readCompletion(reply: Body): Completion {
  const { type, value } = reply;
  const fits = type === 'read_ok' && hasOnly(reply, ['type', 'in_reply_to', 'msg_id', 'value']);
  if (fits && typeof value === 'number' && Number.isSafeInteger(value)) return { outcome: 'ok', value };
  return { outcome: 'fail', error: `replied to read with ${JSON.stringify(reply)}` };
}

const hasOnly = (body: Body, keys: readonly string[]): boolean =>
  Object.keys(body).every((key) => keys.includes(key));
