import { type Server, type Socket, connect, createServer } from 'node:net';

/**
 * What a link does. Whoever uses one that is cut is told so at once; one that is mute takes what it is sent and keeps
 * it, as a network does that has come apart in the middle; and one that is late does so until it is whole, and then passes
 * on what it has kept.
 */
export type LinkState = 'whole' | 'cut' | 'mute' | 'late';

const HOST = '127.0.0.1';

/** The way to a server for those who know it by the address of this. It stays when the server comes and goes. */
export class Proxy {
  readonly #server: Server;
  /** What is open, each with its other end, which whoever came while nothing passed does not have yet. */
  readonly #sockets = new Map<Socket, Socket | undefined>();
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
    const wasLate = this.#state === 'late';
    this.#state = state;
    if (state === 'mute' || state === 'late') {
      for (const socket of this.#sockets.keys()) socket.unpipe().pause();
    } else if (state === 'whole' && wasLate) {
      for (const [socket, other] of this.#sockets) {
        if (other === undefined) this.#join(socket);
        else socket.pipe(other);
      }
    } else for (const socket of this.#sockets.keys()) socket.destroy();
  }

  close(): void {
    this.become('cut');
    this.#server.close();
  }

  #take(socket: Socket): void {
    this.#keep(socket);
    if (this.#state === 'mute' || this.#state === 'late') socket.pause();
    else if (this.#state === 'cut') socket.destroy();
    else this.#join(socket);
  }

  #join(socket: Socket): void {
    if (this.#target === undefined) return void socket.destroy();
    const onward = connect(this.#target, HOST);
    this.#keep(onward);
    this.#sockets.set(socket, onward).set(onward, socket);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.set(socket, undefined);
    // A connection that ends in the middle is what this is about.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
