/** What a server that is asked to turn to an address connects to, and what it does not. */
import { type Server, createServer } from 'node:http';
import { type AddressInfo, BlockList } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpTransport, MAX_MESSAGE_BYTES } from '../../../src/cluster/net/http-transport.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface Place {
  readonly address: string;
  /** Method and path of each request that has come, and its body. */
  readonly asked: string[];
}

/** A server that notes what it is asked. */
async function place(
  status: number,
  answer: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Place> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
      if (status > 0) response.writeHead(status, headers).end(answer);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${portOf(server.address())}`, asked };
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

function only(...ranges: readonly [network: string, prefix: number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, 'ipv4');
  return list;
}

const send = (address: string, ranges?: BlockList, timeoutMs = 120_000): Promise<string> =>
  new HttpTransport(ranges).send(address, 'a message', timeoutMs);

test('a message is posted to one path, and the answer comes back', async () => {
  const peer = await place(200, 'an answer');
  expect(await send(peer.address)).toBe('an answer');
  expect(peer.asked).toEqual(['POST /peer a message']);
});

test('a redirect is not followed', async () => {
  const secret = await place(200, 'a secret');
  const peer = await place(307, '', { location: `http://${secret.address}/peer` });
  await expect(send(peer.address)).rejects.toThrow('it responds with status 307');
  expect(secret.asked).toEqual([]);
});

test('a host outside the ranges is not connected to, by whatever name', async () => {
  const peer = await place(200, 'an answer');
  const port = peer.address.slice('127.0.0.1:'.length);
  const ranges = only(['10.0.0.0', 8], ['192.168.1.7', 32]);
  await expect(send(peer.address, ranges)).rejects.toThrow('outside --peer-ranges');
  await expect(send(`localhost:${port}`, ranges)).rejects.toThrow('outside --peer-ranges');
  expect(peer.asked).toEqual([]);
  expect(await send(peer.address, only(['127.0.0.0', 8]))).toBe('an answer');
  expect(await send(`localhost:${port}`, only(['127.0.0.0', 8]))).toBe('an answer');
});

test('a response that is too long is rejected', async () => {
  const peer = await place(200, 'x'.repeat(MAX_MESSAGE_BYTES + 1));
  await expect(send(peer.address)).rejects.toThrow('its response is too long');
});

test('a peer that does not respond in time is given up', async () => {
  const peer = await place(0, '');
  await expect(send(peer.address, undefined, 50)).rejects.toThrow('no response within 50 ms');
});

test('a string that is not an address is refused', async () => {
  await expect(send('127.0.0.1:80/admin?x=')).rejects.toThrow('is not an address');
});
