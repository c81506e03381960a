import { type Socket, connect } from 'node:net';
import { documentedAs } from './api-document.ts';
import { firstResponse } from './api-error.ts';

/** A request as it goes over the wire. */
export function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): string {
  const all = {
    host: 'localhost',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}

/**
 * The same as `exchangeBytes`, with a server of counters: if the bytes begin with a request for a path, the first response
 * has to be one of the OpenAPI document.
 */
export async function exchange(port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const answer = await exchangeBytes({ port }, ...pieces);
  const [, method, path] =
    /^([A-Z]+) (\/\S*) HTTP\/1\.[01]\r\n/.exec(pieces[0]?.toString('latin1') ?? '') ?? [];
  const first = firstResponse(answer, method === 'HEAD');
  if (method !== undefined && path !== undefined && first !== undefined) documentedAs(method, path, first);
  return answer;
}

/** Sends bytes and resolves with all that comes back, when the server has closed the connection. */
export function exchangeBytes(
  to: { readonly port: number; readonly host?: string },
  ...pieces: readonly (string | Buffer)[]
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', ...to, noDelay: true });
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    // A server that has said all it wants to say may reset the connection while more is on its way.
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    for (const piece of pieces) socket.write(piece);
  });
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

interface HeadAndBody {
  readonly head: string;
  readonly body: string;
}

/**
 * A connection that is kept for one request after another. It is much faster than node:http, and reads only answers
 * with a content-length.
 */
export class Connection {
  readonly #socket: Socket;
  #received = '';
  #resolve: (answer: HeadAndBody) => void = () => {};
  #reject: (reason: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      this.#read();
    });
    socket.on('close', () => this.#reject(new ConnectionClosed('the connection was closed')));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('error', (error) => reject(new ConnectionClosed(error.message)));
      socket.once('connect', () => resolve(new Connection(socket)));
    });
  }

  /** Sends a request. Rejects with ConnectionClosed where no answer will come. One at a time. */
  async ask(text: string): Promise<Reply> {
    const { head, body } = await this.#send(text);
    return { status: Number(head.slice(9, 12)), body };
  }

  /** The same, for the head of the answer. */
  async askForHead(text: string): Promise<string> {
    return (await this.#send(text)).head;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    const head = this.#received.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(this.#received)?.[1] ?? Infinity);
    if (head === -1 || this.#received.length < head + 4 + length) return;
    const answer = { head: this.#received.slice(0, head), body: this.#received.slice(head + 4) };
    this.#received = '';
    this.#resolve(answer);
  }

  #send(text: string): Promise<HeadAndBody> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#socket.destroyed) reject(new ConnectionClosed('the connection is closed'));
      else this.#socket.write(text);
    });
  }
}

export class ConnectionClosed extends Error {}
