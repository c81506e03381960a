/** Servers of a cluster that are gone for a while, with or without their disk. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import {
  CLUSTER,
  add,
  addressOf,
  agree,
  countOf,
  countsOf,
  freePort,
  network,
  peersOf,
  together,
} from '../../support/servers.ts';

afterEach(stopServers);

describe('a server that is killed with -9', () => {
  let a: ServerProcess;
  let b: ServerProcess;
  let c: ServerProcess;
  beforeEach(async () => {
    const start = await network();
    [a, b, c] = await Promise.all([start('a'), start('b'), start('c')]);
    await together([a, b, c]);
    await Promise.all([add(a, 1), add(b, 10), add(c, 100)]);
    await agree([a, b, c], 111);
    await c.kill('SIGKILL');
  });

  test('is no longer a peer of the others, and is one again after a restart', async () => {
    await together([a, b]);
    await add(a, 1000);
    c = await c.restart();
    await together([a, b, c]);
    await eventually(async () => expect(await countsOf([a, b, c])).toEqual([1111, 1111, 1111]));
    await add(c, 10_000);
    await eventually(async () => expect(await countsOf([a, b, c])).toEqual([11_111, 11_111, 11_111]));
  });

  test('and is back before the others have noticed is still a peer', async () => {
    c = await c.restart();
    await add(c, 1000);
    await eventually(async () => expect(await countsOf([a, b, c])).toEqual([1111, 1111, 1111]));
    await together([a, b, c]);
  });

  test('and comes back on another port is a peer there, and nowhere else', async () => {
    const port = await freePort();
    c = await c.restart({ env: { DISABLE_DISCOVERY: '1' }, args: [...CLUSTER, '--port', String(port)] });
    await add(c, 1000);
    await together([a, b, c]);
    await eventually(async () => expect(await countsOf([a, b, c])).toEqual([1111, 1111, 1111]));
  });
});

test('a server that hangs is not a peer until it goes on', async () => {
  const start = await network();
  const [a, b, c] = await Promise.all([start('a'), start('b'), start('c')]);
  await together([a, b, c]);
  process.kill(c.pid, 'SIGSTOP');
  await together([a, b]);
  await add(a, 5);
  process.kill(c.pid, 'SIGCONT');
  await together([a, b, c]);
  await agree([a, b, c], 5);
  expect(await add(c, 5)).toBe(10);
  await agree([a, b, c], 10);
});

describe('three servers configured as each other’s peers', () => {
  /** Each with the arguments that it always has. */
  let ids: readonly string[];
  let ports: readonly number[];
  let servers: ServerProcess[];

  const startAt = (index: number): Promise<ServerProcess> => {
    const peers = ports.filter((_, other) => other !== index).map((port) => `127.0.0.1:${port}`);
    const args = ['--node-id', ids[index] ?? '', '--port', String(ports[index]), '--peers', peers.join()];
    return startServer({ args });
  };

  beforeEach(async () => {
    ids = ['a', 'b', 'c'];
    ports = [await freePort(), await freePort(), await freePort()];
    servers = await Promise.all(ids.map((_, index) => startAt(index)));
    await together(servers);
  });

  test('and one loses its disk: nothing is lost, it counts on under another replica id and the sum is exact', async () => {
    let sum = 0;
    for (let loss = 0; loss < 3; loss++) {
      await Promise.all(servers.map((server, index) => add(server, 10 ** index)));
      sum += 111;
      await eventually(async () => expect(await countsOf(servers)).toEqual([sum, sum, sum]));
      const [, , lost] = servers;
      await lost?.kill('SIGKILL');
      rmSync(lost?.dataDir ?? '', { recursive: true });
      const back = await startAt(2);
      servers = [...servers.slice(0, 2), back];
      // It counts before it knows anything of what there was.
      await add(back, 100_000);
      sum += 100_000;
      await together(servers);
      await eventually(async () => expect(await countsOf(servers)).toEqual([sum, sum, sum]));
    }
    const [a, b, c] = await Promise.all(servers.map((server) => server.read('default')));
    expect([b?.nodes, c?.nodes]).toEqual([a?.nodes, a?.nodes]);
    const names = [...(a?.nodes.keys() ?? [])].map((name) => name.replace(/~[a-z][0-9a-z]{5}$/, '~'));
    expect(names).toEqual(['a~', 'b~', 'c~', 'c~', 'c~', 'c~']);
  });

  test('and all but one lose their disks at once: that one has all', async () => {
    await Promise.all(servers.map((server) => add(server, 5)));
    await eventually(async () => expect(await countsOf(servers)).toEqual([15, 15, 15]));
    const [a, ...lost] = servers;
    for (const server of lost) {
      await server.kill('SIGKILL');
      rmSync(server.dataDir, { recursive: true });
    }
    servers = a === undefined ? [] : [a, ...(await Promise.all([startAt(1), startAt(2)]))];
    await Promise.all(servers.map((server) => add(server)));
    await eventually(async () => expect(await countsOf(servers)).toEqual([18, 18, 18]));
  });

  test('and all stop and start again: they have everything, including what the others had not received', async () => {
    await Promise.all(servers.map((server) => add(server)));
    await eventually(async () => expect(await countsOf(servers)).toEqual([3, 3, 3]));
    const [a, b, c] = servers;
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    await b.kill('SIGTERM');
    await c.kill('SIGTERM');
    await eventually(async () => expect(await peersOf(a)).toEqual([]));
    await add(a, 10);
    await a.kill('SIGKILL');
    servers = await Promise.all([a.restart(), b.restart(), c.restart()]);
    await eventually(async () => expect(await countsOf(servers)).toEqual([13, 13, 13]));
    await together(servers);
    expect(await countOf(servers[0] ?? a)).toBe(13);
    expect(servers.map(addressOf)).toEqual(ports.map((port) => `127.0.0.1:${port}`));
  });
});
