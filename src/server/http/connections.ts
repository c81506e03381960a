import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The connections there are, each with the last of its requests. */
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
      if (this.pending(socket) === undefined) socket.destroy();
    }
  }
}
