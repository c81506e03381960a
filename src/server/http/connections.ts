/**
 * The open connections. On each, one request at a time is under way; what a client sends before it has its response
 * waits.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Intake } from './intake.ts';

export class Connections {
  readonly #intakes = new Map<Duplex, Intake>();
  /** Connections on which no TLS has been agreed on yet, by the client's address and port. */
  readonly #handshakes = new Map<string, Socket>();
  readonly #afterThisTurn: (task: () => void) => void;

  constructor(afterThisTurn: (task: () => void) => void) {
    this.#afterThisTurn = afterThisTurn;
  }

  /** Records a connection that may become one over TLS. */
  shakesHands(socket: Socket): void {
    const client = clientOf(socket);
    this.#handshakes.set(client, socket);
    socket.on('close', () => this.#handshakes.delete(client));
  }

  /** Whether requests have been taken from a connection. */
  has(socket: Duplex): boolean {
    return this.#intakes.has(socket);
  }

  /** Adds a connection that the HTTP server has just accepted. */
  add(socket: Socket): void {
    this.#handshakes.delete(clientOf(socket));
    this.#intakes.set(socket, new Intake(socket, this.#afterThisTurn));
    socket.on('close', () => this.#intakes.delete(socket));
  }

  /** Records a request with its response. */
  began(request: IncomingMessage, response: ServerResponse): void {
    this.#intakes.get(request.socket)?.began(request, response);
  }

  /** Drops what arrives on a connection from now on. */
  ignoreRest(socket: Duplex): void {
    this.#intakes.get(socket)?.ignore();
  }

  /** The response that is due on a connection. */
  pending(socket: Duplex): ServerResponse | undefined {
    return this.#intakes.get(socket)?.response;
  }

  /** Closes the connections on which no response is due, including those that never carried a request. */
  closeUnused(): void {
    for (const socket of this.#handshakes.values()) socket.destroy();
    for (const [socket, { response }] of this.#intakes) {
      if (response === undefined) socket.end(() => socket.destroy());
    }
  }
}

const clientOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
