import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, type Server, createServer, request } from 'node:http';
import { join } from 'node:path';
import { type Beacon, decodeBeacon } from '../../src/cluster/beacon.ts';
import { decodeRequest } from '../../src/cluster/codec.ts';
import type { Request } from '../../src/cluster/messages.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { until } from './eventually.ts';
import { listFrom, objectFrom, textFrom } from './json.ts';
import { type ServerProcess, jsonOf, startServer, temporaryDirectory } from './server-process.ts';

export const KEY = 'the key of the cluster that is attacked';
export const keyring = new Keyring([KEY]);

/** A request that has really been sent. */
export interface Recorded {
  readonly text: string;
  readonly request: Request;
}

/** Two real servers that are peers, all that one says to the other, and all that both call out. */
export interface AttackFixture {
  /** Is attacked. What its peer asks it goes through a proxy that listens. */
  readonly server: ServerProcess;
  readonly peer: ServerProcess;
  readonly discoveryPort: number;
  readonly requests: readonly Recorded[];
  readonly beacons: readonly string[];
  /** The latest beacon of the attacked server. */
  readonly own: Beacon;
  close(): void;
}

export async function setUpAttack(): Promise<AttackFixture> {
  const keyFile = join(temporaryDirectory(), 'key');
  writeFileSync(keyFile, `${KEY}\n`);
  const discoveryPort = await freePort();
  const requests: Recorded[] = [];
  let port = 0;
  const proxy = await listeningProxy(
    () => port,
    (text) => requests.push({ text, request: decodeRequest(keyring.verify('request', '', text) ?? '') }),
  );
  const ears = createSocket({ type: 'udp4', reuseAddr: true });
  const beacons: string[] = [];
  ears.on('message', (message) => beacons.push(message.toString()));
  await new Promise<void>((resolve) => void ears.bind(discoveryPort, resolve));
  const start = (nodeId: string, more: readonly string[]): Promise<ServerProcess> =>
    startServer({
      args: [
        '--node-id',
        nodeId,
        '--cluster-key-file',
        keyFile,
        '--discovery-port',
        String(discoveryPort),
        ...more,
      ],
      env: { DISABLE_DISCOVERY: '0' },
    });
  const peer = await start('node-2', []);
  // A datagram to one address is heard by who came last to its port.
  const server = await start('node-1', ['--advertise', `127.0.0.1:${portOf(proxy)}`]);
  ({ port } = server);
  await until(async () => (await peersOf(server)).length === 1 && (await peersOf(peer)).length === 1);
  const own = await until(() =>
    beacons.map((text) => decodeBeacon(keyring, text)).findLast((beacon) => beacon?.id === 'node-1'),
  );
  return {
    server,
    peer,
    discoveryPort,
    requests,
    beacons,
    own,
    close() {
      ears.close();
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}

export const peersOf = async (server: ServerProcess): Promise<readonly unknown[]> =>
  listFrom(jsonOf(await server.get('/peers')));

/** All that should be the same after an attack. */
export async function stateOf(server: ServerProcess): Promise<unknown> {
  const discovery = objectFrom(jsonOf(await server.get('/discovery')));
  const contacts = listFrom(discovery['contacts']).map((contact) => {
    const { id, node_id: nodeId, state } = objectFrom(contact);
    return { id: textFrom(id), nodeId, state };
  });
  const heard = listFrom(discovery['heard']).map((each) => textFrom(objectFrom(each)['id']));
  return {
    peers: await peersOf(server),
    contacts: contacts.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    heard: heard.toSorted((a, b) => (a < b ? -1 : 1)),
    counters: jsonOf(await server.get('/counters')),
    nodes: await Promise.all(['model', 'likes', 'views'].map(async (key) => (await server.read(key)).nodes)),
  };
}

/** What a server has said that it should not have had to say. */
export const errorsOf = ({ notes }: ServerProcess): unknown[] =>
  notes.filter(({ level }) => level !== 'info' && level !== 'warning');

/** The most memory that a server has ever had, in MiB; 0 where nobody knows. */
export const mostMemoryMb = ({ pid }: ServerProcess): number =>
  process.platform === 'linux'
    ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
    : 0;

/** The processor time that a server has taken so far, in ms; 0 where nobody knows. */
export function processorMs({ pid }: ServerProcess): number {
  if (process.platform !== 'linux') return 0;
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * TICK_MS;
}

/** As Linux has it on every machine that runs Node. */
const TICK_MS = 10;

/** How many datagrams to a port nobody had time for; 0 where nobody knows. */
export const droppedAt = (port: number): number =>
  udpSockets(port).reduce((sum, fields) => sum + Number(fields[12] ?? 0), 0);

/** How many bytes of datagrams to a port nobody has taken yet; 0 where nobody knows. */
export const queuedAt = (port: number): number =>
  udpSockets(port).reduce((sum, fields) => sum + Number.parseInt(fields[4]?.split(':')[1] ?? '0', 16), 0);

/** The fields of /proc/net/udp about the sockets at a port. */
function udpSockets(port: number): string[][] {
  if (process.platform !== 'linux') return [];
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/udp', 'utf8').split('\n');
  return lines.map((line) => line.trim().split(/\s+/)).filter((fields) => fields[1]?.endsWith(`:${hex}`));
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
  return address.port;
}

function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.bind(0, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** Passes requests on to a port, and tells of each. */
function listeningProxy(port: () => number, onRequest: (text: string) => void): Promise<Server> {
  const agent = new Agent({ keepAlive: true });
  const proxy = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      onRequest(body.toString());
      const onward = request(
        { host: '127.0.0.1', port: port(), method: 'POST', path: incoming.url, agent },
        (response) => {
          outgoing.writeHead(response.statusCode ?? 502);
          response.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      onward.end(body);
    });
  });
  return new Promise((resolve) => void proxy.listen(0, '127.0.0.1', () => resolve(proxy)));
}
