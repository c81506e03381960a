import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * The connections there are, each with the response to its last request while that is due. A response that has been
 * sent is let go at once: kept until the next request, it would have every garbage collection copy what belongs to it.
 */
export class Connections {
  readonly #latest = new Map<Duplex, ServerResponse | undefined>();

  add(socket: Socket): void {
    this.#latest.set(socket, undefined);
    socket.on('close', () => this.#latest.delete(socket));
  }

  /** Notes a request by its response. */
  asked(socket: Socket, response: ServerResponse): void {
    this.#latest.set(socket, response);
  }

  /** Notes that a response has been handed to the connection, unless it waits there behind another one. */
  answered(socket: Socket, response: ServerResponse): void {
    if (response.socket !== null && this.isLatest(socket, response)) this.#latest.set(socket, undefined);
  }

  /** Whether no request of the connection came after that of `response`. */
  isLatest(socket: Socket, response: ServerResponse): boolean {
    return this.#latest.get(socket) === response;
  }

  /** The response to the last request of a connection, while it has not been sent. */
  pending(socket: Duplex): ServerResponse | undefined {
    const response = this.#latest.get(socket);
    return response === undefined || response.writableFinished ? undefined : response;
  }

  /** Closes the connections on which no answer is waited for, those that never asked included. */
  closeUnused(): void {
    for (const socket of this.#latest.keys()) {
      if (this.pending(socket) === undefined) socket.end(() => socket.destroy());
    }
  }
}
