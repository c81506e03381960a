/** Requests that take long, and those that come while they wait. */
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Turns } from '../../../src/server/http/turns.ts';
import { Connection, requestText } from '../../support/connection.ts';
import { eventually } from '../../support/eventually.ts';
import { openHttpServer, openStore } from '../../support/http-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

test('one has each turn, in the order in which they asked', async () => {
  const turns: (() => void)[] = [];
  const granted: number[] = [];
  const shared = new Turns((task) => turns.push(task));
  for (const n of [1, 2, 3]) void shared.next().then(() => granted.push(n));
  await Promise.resolve();
  expect(granted).toEqual([1]);
  for (const expected of [
    [1, 2],
    [1, 2, 3],
    [1, 2, 3],
  ]) {
    turns.shift()?.();
    await Promise.resolve();
    expect(granted).toEqual(expected);
  }
  expect(turns).toEqual([]);
  await shared.next();
});

test.each([
  ['pages', '/counters'],
  ['metrics', '/metrics'],
  ['streams of changes', '/counters/watch'],
])(
  'while %s wait for their turn, increments are answered, and a client that goes gets nothing made',
  async (_, path) => {
    const turns: (() => void)[] = [];
    const answered: string[] = [];
    const [{ server, port }, store] = await Promise.all([
      openHttpServer(
        {},
        {
          maxConnections: 6,
          afterThisTurn: (task) => turns.push(task),
          onRequest: (_method, asked) => answered.push(asked),
        },
      ),
      openStore(),
    ]);
    server.serve(store);
    const open = async (): Promise<Connection> => {
      const connection = await Connection.open(port);
      closing.unshift(() => connection.close());
      return connection;
    };
    closing.push(
      () => server.close(),
      () => store.close(),
    );
    const made = (): number => answered.filter((asked) => asked === path).length;
    const honest = await open();
    const waiting = await Promise.all(Array.from({ length: 4 }, open));
    for (const each of waiting) void each.ask(requestText('GET', path)).catch(() => {});
    await eventually(() => expect(made()).toBe(1));
    const gone = connect({ port, host: '127.0.0.1' });
    await new Promise((resolve) => gone.write(requestText('GET', path), resolve));
    for (const value of [1, 2, 3]) {
      const { body } = await honest.ask(requestText('POST', '/counter/incr/k'));
      expect(body).toContain(`"new_value":${value}}`);
    }
    expect(made()).toBe(1);
    gone.resetAndDestroy();
    // Another one is accepted when the server has seen that.
    const health = requestText('GET', '/health');
    await eventually(async () => expect((await (await open()).ask(health)).status).toBe(200));
    while (turns.length > 0) {
      turns.shift()?.();
      await honest.ask(health);
    }
    expect(made()).toBe(4);
  },
);
