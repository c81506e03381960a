import { type Server, type Socket, connect, createServer } from 'node:net';

/**
 * What a link does. Whoever uses one that is cut is told so at once; one that is mute takes what it is sent and keeps
 * it, as a network does that has come apart in the middle.
 */
export type LinkState = 'whole' | 'cut' | 'mute';

const HOST = '127.0.0.1';

/** The way to a server for those who know it by the address of this. It stays when the server comes and goes. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: LinkState = 'whole';
  #target: number | undefined;

  private constructor() {
    this.#server = createServer((socket) => this.#take(socket));
  }

  static open(): Promise<Proxy> {
    const proxy = new Proxy();
    return new Promise((resolve) => proxy.#server.listen(0, HOST, () => resolve(proxy)));
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `${HOST}:${address.port}`;
  }

  /** Where it leads to from now on; undefined for nowhere. */
  leadTo(port: number | undefined): void {
    this.#target = port;
  }

  become(state: LinkState): void {
    this.#state = state;
    if (state === 'mute') for (const socket of this.#sockets) socket.unpipe().pause();
    else for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.become('cut');
    this.#server.close();
  }

  #take(socket: Socket): void {
    this.#keep(socket);
    if (this.#state === 'mute') return void socket.pause();
    if (this.#state === 'cut' || this.#target === undefined) return void socket.destroy();
    const onward = connect(this.#target, HOST);
    this.#keep(onward);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // A connection that ends in the middle is what this is about.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
