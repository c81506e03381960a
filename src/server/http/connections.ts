/**
 * The open connections, each with the response to its last request as long as that is due. A response that has been sent
 * is released at once: kept until the next request, everything it refers to would be copied by each garbage collection.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export class Connections {
  readonly #latest = new Map<Duplex, ServerResponse | undefined>();

  add(socket: Socket): void {
    this.#latest.set(socket, undefined);
    socket.on('close', () => this.#latest.delete(socket));
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
