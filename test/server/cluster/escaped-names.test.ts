/**
 * Names that JSON escapes, in an order that V8 12.8 and later read wrongly (nodejs/node#63785), through everything
 * that keeps or carries them.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ServerProcess, stopServers } from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import { deaf, network, together } from '../../support/servers.ts';

afterEach(stopServers);

const VALUES = new Map([
  ['!', 2],
  ['\\', 5],
  ['"', 100],
]);

const valuesOf = async (server: ServerProcess): Promise<Map<string, number>> => {
  const values = [...VALUES.keys()].map(async (key) => [key, (await server.read(key)).value] as const);
  return new Map(await Promise.all(values));
};

/** A batch is a record of the log, and what peers are sent, with its keys in this order. */
async function count(server: ServerProcess, key: string): Promise<void> {
  const increments = [{ key: '!' }, { key, amount: VALUES.get(key) ?? 0 }];
  expect((await server.post('/counters/incr', { increments })).status).toBe(200);
}

describe('a server that has counted under such names', () => {
  let server: ServerProcess;

  beforeEach(async () => {
    server = await deaf('\\');
  });

  test('has them after a crash, from the log', async () => {
    await count(server, '\\');
    await count(server, '"');
    await server.kill('SIGKILL');
    server = await server.restart();
    expect(await valuesOf(server)).toEqual(VALUES);
  });

  test('has them after a crash, from the snapshot', async () => {
    await count(server, '"');
    await eventually(() => expect([...server.snapshot().keys()]).toEqual(['!', '"']));
    await count(server, '\\');
    await server.kill('SIGKILL');
    server = await server.restart();
    expect(await valuesOf(server)).toEqual(VALUES);
  });

  test('has their parts as they were merged', async () => {
    const parts = [...VALUES].map(([name, total]) => `${JSON.stringify(name)}:${total}`);
    for (const [key, members] of [
      ['before', [`"!":1`, parts[1]]],
      ['k', [`"!":2`, parts[2]]],
    ] as const) {
      const answer = await server.post(`/counter/merge/${key}`, `{"nodes":{${members.join()}}}`);
      expect(answer.status).toBe(200);
    }
    expect((await server.read('k')).nodes).toEqual(
      new Map([
        ['!', 2],
        ['"', 100],
      ]),
    );
  });
});

test('peers have each other’s counts under such names, and know each other after a crash', async () => {
  const start = await network();
  const [a, b] = await Promise.all([start('\\'), start('"')]);
  await together([a, b]);
  await count(a, '\\');
  await eventually(async () => expect((await b.read('\\')).value).toBe(5));
  await count(a, '"');
  await eventually(async () => expect(await valuesOf(b)).toEqual(VALUES));
  await b.kill('SIGKILL');
  const again = await b.restart();
  await together([a, again]);
  expect(await valuesOf(again)).toEqual(VALUES);
});
