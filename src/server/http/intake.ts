/**
 * What arrives on a connection, on its way to Node's HTTP parser. The parser begins every request as soon as it has its
 * head, however many responses are still due; so it is given one request at a time. The rest waits in the socket, unread
 * but for one buffer, until the response has been handed to the operating system: a client that reads nothing costs one
 * response, and with one that goes away goes what it has asked for and not begun to get.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { EmptyLine } from './empty-line.ts';

export class Intake {
  readonly #socket: Duplex;
  readonly #afterThisTurn: (task: () => void) => void;
  readonly #parse: (bytes: Buffer) => void;
  readonly #end: () => void;
  readonly #emptyLine = new EmptyLine();
  /** The request that is under way: until it is there as a whole and its response has been sent. */
  #request: IncomingMessage | undefined;
  #response: ServerResponse | undefined;
  /** How much of its body is still to come; undefined if its head does not say. */
  #bodyBytes: number | undefined;
  /** Whether something waits in the socket. */
  #isWaiting = false;
  /** Whether the client will send no more, which is passed on when it has its response: Node then closes the connection. */
  #hasEnded = false;
  #isIgnored = false;

  /** Takes over what arrives on a connection that an HTTP server has just accepted. */
  constructor(socket: Duplex, afterThisTurn: (task: () => void) => void) {
    this.#socket = socket;
    this.#afterThisTurn = afterThisTurn;
    this.#parse = takeOver(socket, 'data');
    this.#end = takeOver(socket, 'end');
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => {
      this.#hasEnded = true;
      if (!this.#isAnswering || this.#isOver) this.#passEnd();
    });
  }

  /** The response that is due; undefined when it has been sent. */
  get response(): ServerResponse | undefined {
    return this.#response;
  }

  /** Records a request whose head the parser has had. */
  began(request: IncomingMessage, response: ServerResponse): void {
    const { 'content-length': length } = request.headers;
    this.#request = request;
    this.#response = response;
    this.#bodyBytes = length === undefined ? undefined : Number(length);
    response.once('close', () => this.#answered());
  }

  /** Drops what arrives from now on: nothing of it will be answered. Whether the client is there is still seen. */
  ignore(): void {
    this.#isIgnored = true;
    this.#socket.resume();
    this.#passEnd();
  }

  get #isOver(): boolean {
    return this.#isIgnored || this.#socket.destroyed || this.#socket.writableEnded;
  }

  /** Whether a request is there as a whole and has not been answered. */
  get #isAnswering(): boolean {
    return this.#response !== undefined && this.#request?.complete === true;
  }

  #take(bytes: Buffer): void {
    const socket = this.#socket;
    let rest = bytes;
    while (rest.length > 0 && !this.#isOver) {
      if (this.#isAnswering) {
        this.#isWaiting = true;
        socket.pause();
        socket.unshift(rest);
        return;
      }
      const end = this.#endOfPiece(rest);
      this.#parse(end === rest.length ? rest : rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  }

  /** How much the parser can have without getting to the end of more than one request, or of one and another's head. */
  #endOfPiece(bytes: Buffer): number {
    if (this.#request?.complete === true) this.#request = undefined;
    if (this.#request === undefined || this.#bodyBytes === undefined) {
      return this.#emptyLine.endIn(bytes) ?? bytes.length;
    }
    const end = Math.min(bytes.length, this.#bodyBytes);
    this.#bodyBytes -= end;
    return end;
  }

  #answered(): void {
    this.#response = undefined;
    if (this.#request?.complete === true) this.#request = undefined;
    this.#passEnd();
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    // What is there already takes turns with other connections.
    this.#afterThisTurn(() => this.#socket.resume());
  }

  #passEnd(): void {
    if (!this.#hasEnded) return;
    this.#hasEnded = false;
    this.#end();
  }
}

/** Removes the listeners of an event, which the HTTP server has added, and returns what calls them. */
function takeOver(socket: Duplex, event: string): (...args: unknown[]) => void {
  const listeners = socket.listeners(event);
  if (listeners.length === 0) throw new Error(`the HTTP server does not listen for '${event}'`);
  socket.removeAllListeners(event);
  return (...args) => {
    for (const listener of listeners) listener.apply(socket, args);
  };
}
