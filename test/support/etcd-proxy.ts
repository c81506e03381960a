/** The way to etcd, which loses requests and answers of a test's choosing. */
import { type IncomingMessage, type Server, createServer, request } from 'node:http';

/** What becomes of a transaction: it is done and answered, it never comes, or it is done and its answer is lost. */
export type Fate = 'whole' | 'no request' | 'no answer';

export class EtcdProxy {
  readonly #server: Server;
  #transactions = 0;

  /** `fate` decides about each transaction, counted from 1. */
  static async open(endpoint: string, fate: (transaction: number) => Fate): Promise<EtcdProxy> {
    const proxy = new EtcdProxy(endpoint, fate);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(endpoint: string, fate: (transaction: number) => Fate) {
    const [host, port] = endpoint.split(':');
    this.#server = createServer((asked, response) => {
      const become = asked.url === '/v3/kv/txn' ? fate(++this.#transactions) : 'whole';
      if (become === 'no request') return void asked.destroy();
      const options = { host, port, method: asked.method, path: asked.url, headers: asked.headers };
      const onward = request(options, (answer: IncomingMessage) => {
        if (become === 'no answer') return void asked.destroy();
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => asked.destroy());
      asked.pipe(onward);
    });
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `127.0.0.1:${address.port}`;
  }

  get transactions(): number {
    return this.#transactions;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
