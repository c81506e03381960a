/**
 * The node's own requests, each matched with its reply by message id. A reply without a waiting request, because it is late,
 * repeated or forged, is ignored.
 */
import type { Clock } from '../runtime/clock.ts';
import { TimeoutQueue } from '../runtime/timeout-queue.ts';
import type { Body, Message, OutgoingBody } from './message.ts';

interface PendingCall {
  readonly messageId: number;
  readonly dest: string;
  readonly resolve: (reply: Body) => void;
  readonly reject: (error: Error) => void;
}

export class Rpc {
  readonly #send: (dest: string, body: OutgoingBody) => void;
  readonly #nextMessageId: () => number;
  readonly #pending = new Map<number, PendingCall>();
  readonly #timeouts: TimeoutQueue<PendingCall>;

  /** `nextMessageId` must never return an id twice, not even after a restart: an old reply would pass for a new one. */
  constructor(
    send: (dest: string, body: OutgoingBody) => void,
    nextMessageId: () => number,
    clock: Clock,
    timeoutMs: number,
  ) {
    this.#send = send;
    this.#nextMessageId = nextMessageId;
    this.#timeouts = new TimeoutQueue(clock, timeoutMs, (call) => {
      this.#pending.delete(call.messageId);
      call.reject(
        new Error(`no reply from ${call.dest} to request ${call.messageId} within ${timeoutMs} ms`),
      );
    });
  }

  /** Sends a request and resolves with the body of its reply, an error reply included. Rejects on timeout. */
  call(dest: string, body: OutgoingBody): Promise<Body> {
    return new Promise((resolve, reject) => {
      const call = { messageId: this.#nextMessageId(), dest, resolve, reject };
      this.#pending.set(call.messageId, call);
      this.#timeouts.add(call);
      body.msg_id = call.messageId;
      this.#send(dest, body);
    });
  }

  /** Takes the reply to the request `messageId`. */
  receive(messageId: number, { src, body }: Message): void {
    const call = this.#pending.get(messageId);
    if (call === undefined || call.dest !== src) return;
    this.#pending.delete(call.messageId);
    this.#timeouts.delete(call);
    call.resolve(body);
  }
}
