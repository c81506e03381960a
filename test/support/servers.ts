/** Real servers that form a cluster on this machine, and what they say of each other. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { eventually } from './eventually.ts';
import { listFrom, numberFrom, objectFrom, textFrom } from './json.ts';
import { type ServerProcess, type Settings, jsonOf, startServer } from './server-process.ts';

/** Starts a server, with more arguments than those that all of its network have. */
export type Start = (nodeId: string, ...args: string[]) => Promise<ServerProcess>;

/** Servers join others only when they are told to. */
export const CLUSTER: readonly string[] = ['--cluster', 'test'];

/** How a server is started that hears those on the same UDP port, and comes back to the port it has had. */
export async function memberSettings(
  discoveryPort: number,
  nodeId: string,
  args: readonly string[],
): Promise<Settings & { readonly args: readonly string[] }> {
  const port = String(await freePort());
  return {
    env: { DISABLE_DISCOVERY: '0' },
    args: [
      ...CLUSTER,
      '--discovery-port',
      String(discoveryPort),
      '--node-id',
      nodeId,
      '--port',
      port,
      ...args,
    ],
  };
}

/** A way to start servers that hear each other, and nobody else. */
export async function network(): Promise<Start> {
  const discoveryPort = await freeUdpPort();
  return async (nodeId, ...args) => startServer(await memberSettings(discoveryPort, nodeId, args));
}

/** A way to start servers by themselves. */
export const deaf: Start = async (nodeId, ...args) =>
  startServer({ args: ['--node-id', nodeId, '--port', String(await freePort()), ...args] });

export const addressOf = ({ port }: ServerProcess): string => `127.0.0.1:${port}`;

/** The addresses of all servers but one, as it should tell them. */
export const othersOf = (servers: readonly ServerProcess[], server: ServerProcess): string[] =>
  servers
    .filter((other) => other !== server)
    .map(addressOf)
    .toSorted();

export async function countOf(server: ServerProcess): Promise<number> {
  return numberFrom(objectFrom(jsonOf(await server.get('/count')))['count']);
}

export const countsOf = (servers: readonly ServerProcess[]): Promise<number[]> =>
  Promise.all(servers.map(countOf));

/** Resolves when all servers tell the same count. */
export const agree = (servers: readonly ServerProcess[], count: number): Promise<void> =>
  eventually(async () => {
    const counts = await countsOf(servers);
    if (counts.some((each) => each !== count))
      throw new Error(`the counts are ${counts.join()}, not ${count}`);
  });

/** Adds to the shared counter and answers what it then is. */
export async function add(server: ServerProcess, amount?: number): Promise<number> {
  const answer = await server.post('/increment', amount === undefined ? undefined : { amount });
  return numberFrom(objectFrom(jsonOf(answer))['count']);
}

export const peersOf = async (server: ServerProcess): Promise<string[]> =>
  listFrom(jsonOf(await server.get('/peers'))).map(textFrom);

/** Who each server says its peers are. */
export const allPeersOf = (servers: readonly ServerProcess[]): Promise<string[][]> =>
  Promise.all(servers.map(peersOf));

/** Resolves when each server has all the others for peers, and nobody else. */
export const together = (servers: readonly ServerProcess[]): Promise<void> =>
  eventually(async () => {
    const known = await allPeersOf(servers);
    for (const [index, server] of servers.entries()) {
      const [told, wanted] = [known[index]?.toSorted().join(), othersOf(servers, server).join()];
      if (told !== wanted) throw new Error(`the peers of ${addressOf(server)} are ${told}, not ${wanted}`);
    }
  });

/** The number of the last beacon that a server has heard from another; -1 where it has heard none. */
export async function beaconHeard(by: ServerProcess, from: ServerProcess): Promise<number> {
  const { heard } = objectFrom(jsonOf(await by.get('/discovery')));
  const entry = listFrom(heard)
    .map(objectFrom)
    .find(({ id }) => id === addressOf(from));
  return entry === undefined ? -1 : numberFrom(entry['beacon']);
}

/** Below the ports that the system gives to whoever asks for any: nobody takes one while its server is down. */
const LOWEST_PORT = 15_000;
const PORTS = 17_000;

async function drawPort(isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

export const freePort = (): Promise<number> =>
  drawPort(
    (port) =>
      new Promise((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
      }),
  );

/** A UDP port on which nobody else calls out. */
export const freeUdpPort = (): Promise<number> =>
  drawPort(
    (port) =>
      new Promise((resolve) => {
        const socket = createSocket('udp4');
        socket.once('error', () => resolve(false));
        socket.bind(port, () => socket.close(() => resolve(true)));
      }),
  );
