/**
 * The open connections, each with the response to its last request as long as that is due. A response that has been sent
 * is released at once: kept until the next request, everything it refers to would be copied by each garbage collection.
 *
 * One request per connection is in progress. Those that a client sends before it has read the responses to earlier ones
 * wait unread in its socket, but for what came in the same piece; and they are dropped if it goes away.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How many requests may wait for their turn on all connections together. A client that goes beyond loses its own. */
const MAX_WAITING_REQUESTS = 10_000;

export class Connections {
  readonly #latest = new Map<Duplex, ServerResponse | undefined>();
  /** For each connection, what to call when a request of it that waits for its turn has it, or never will. */
  readonly #waiting = new Map<Duplex, Set<(isThere: boolean) => void>>();
  #waitingRequests = 0;

  add(socket: Socket): void {
    this.#latest.set(socket, undefined);
    socket.on('close', () => {
      this.#latest.delete(socket);
      for (const decide of this.#waiting.get(socket) ?? []) decide(false);
    });
  }

  /**
   * Resolves when the responses to all earlier requests of the connection have been sent, with whether the client is still
   * there. Undefined if there are none.
   */
  turn(socket: Socket, response: ServerResponse): Promise<boolean> | undefined {
    // Node assigns the connection to one response after the other.
    if (response.socket !== null) return undefined;
    if (this.#waitingRequests >= MAX_WAITING_REQUESTS) socket.destroy();
    if (socket.destroyed) return Promise.resolve(false);
    const waiting = this.#waiting.get(socket) ?? new Set();
    this.#waiting.set(socket, waiting);
    // Node reads on when it has parsed a request, so reading is stopped after what is being parsed now.
    queueMicrotask(() => {
      if (waiting.size > 0) socket.pause();
    });
    this.#waitingRequests++;
    return new Promise((resolve) => {
      const decide = (isThere: boolean): void => {
        if (!waiting.delete(decide)) return;
        this.#waitingRequests--;
        if (waiting.size === 0) {
          this.#waiting.delete(socket);
          socket.resume();
        }
        resolve(isThere);
      };
      waiting.add(decide);
      response.once('socket', () => decide(true));
    });
  }

  /** Records a request by its response. */
  asked(socket: Socket, response: ServerResponse): void {
    this.#latest.set(socket, response);
  }

  /** Records that a response has been handed to the connection, unless it waits there behind another one. */
  answered(socket: Socket, response: ServerResponse): void {
    if (response.socket !== null && this.isLatest(socket, response)) this.#latest.set(socket, undefined);
  }

  /** Whether no request has come on the connection after that of `response`. */
  isLatest(socket: Socket, response: ServerResponse): boolean {
    return this.#latest.get(socket) === response;
  }

  /** The response to the last request of a connection; undefined once it has been sent. */
  pending(socket: Duplex): ServerResponse | undefined {
    const response = this.#latest.get(socket);
    return response === undefined || response.writableFinished ? undefined : response;
  }

  /** Closes the connections on which no response is due, including those that never carried a request. */
  closeUnused(): void {
    for (const socket of this.#latest.keys()) {
      if (this.pending(socket) === undefined) socket.end(() => socket.destroy());
    }
  }
}
