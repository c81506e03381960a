/** The way to a server for clients that know it by the address of this: it loses answers, and sends requests twice. */
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import type { Random } from '../../src/runtime/random.ts';

export interface Loss {
  /** The share of answers that are lost: their connection breaks when they should come. */
  readonly lost: number;
  /** The share of requests that the server gets twice. The second answer is thrown away. */
  readonly doubled: number;
}

const HOST = '127.0.0.1';

export class LossyProxy {
  /** What has become of requests. */
  readonly tally = { requests: 0, lost: 0, doubled: 0 };
  readonly #server: Server;
  readonly #random: Random;
  #loss: Loss = { lost: 0, doubled: 0 };
  #target: number | undefined;
  #isOver = false;

  private constructor(random: Random) {
    this.#random = random;
    this.#server = createServer((asked, response) => void this.#take(asked, response));
  }

  static async open(random: Random): Promise<LossyProxy> {
    const proxy = new LossyProxy(random);
    await new Promise<void>((resolve) => proxy.#server.listen(0, HOST, resolve));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `http://${HOST}:${address.port}`;
  }

  /** Where it leads to from now on; undefined for nowhere. */
  leadTo(port: number | undefined): void {
    this.#target = port;
  }

  lose(loss: Loss): void {
    this.#loss = loss;
  }

  /** Breaks all connections. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  close(): void {
    this.#isOver = true;
    this.#server.close();
    this.cut();
  }

  async #take(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of asked) chunks.push(Buffer.from(chunk));
    } catch {
      return;
    }
    this.tally.requests++;
    const body = Buffer.concat(chunks);
    const isLost = this.#random.next() < this.#loss.lost;
    if (this.#random.next() < this.#loss.doubled) {
      this.tally.doubled++;
      this.#send(asked, body, (answer) => answer.resume());
    }
    if (isLost) this.tally.lost++;
    this.#send(
      asked,
      body,
      (answer) => {
        if (isLost) return void asked.socket.destroy();
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        // At once, since an event stream may have no events for long.
        response.flushHeaders();
        answer.pipe(response);
        answer.on('error', () => asked.socket.destroy());
        answer.on('close', () => answer.complete || asked.socket.destroy());
        response.on('close', () => answer.destroy());
      },
      () => asked.socket.destroy(),
    );
  }

  #send(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
    onAnswer: (answer: IncomingMessage) => void,
    onError: () => void = () => {},
  ): void {
    if (this.#target === undefined || this.#isOver) return onError();
    const options = { host: HOST, port: this.#target, method, path: url, headers, agent: false };
    const onward = request(options, onAnswer);
    onward.on('error', onError);
    onward.end(body);
  }
}
