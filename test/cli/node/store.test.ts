/** The node between its clients and `seq-kv`, with the real binary. */
import { afterEach, expect, test } from 'vitest';
import { nodeOptionSpecs } from '../../../src/cli/node/node-options.ts';
import type { Message } from '../../../src/maelstrom/message.ts';
import { parseJson } from '../../../src/runtime/json.ts';
import { LinearizableKv } from '../../../src/workbench/nodes/kv-service.ts';
import {
  add,
  addOk,
  init,
  killNodes,
  read,
  readOk,
  replyTo,
  startNode,
  toNode,
} from '../../support/node-process.ts';

afterEach(killNodes);

test('replies delivered twice change nothing', async () => {
  const node = startNode();
  const store = new LinearizableKv();
  node.send(init('n1', ['n1', 'n2']));
  await node.nextToClient(store);
  for (let id = 2; id < 40; id += 2) {
    node.send(add(id, 1));
    expect(await node.nextToClient(store, 2)).toEqual(parseJson(addOk(id)));
    node.send(read(id + 1));
    expect(await node.nextToClient(store, 2)).toEqual(parseJson(readOk(id + 1, id / 2)));
  }
});

test('late, repeated, forged and unknown replies are ignored', async () => {
  const node = startNode();
  const store = new LinearizableKv();
  node.send(
    init(),
    toNode({ type: 'write_ok', in_reply_to: 0 }),
    toNode({ type: 'read_ok', in_reply_to: 12345, value: 9 }),
  );
  await node.nextToClient(store);
  node.send(read(2));
  const barrier = await node.next();
  node.send({ src: 'n2', dest: 'n1', body: { type: 'write_ok', in_reply_to: barrier.body['msg_id'] } });
  node.send(replyTo(barrier, { type: 'write_ok' }));
  const readOwn = await node.next();
  expect(readOwn.body['type']).toBe('read');
  node.send(replyTo(barrier, { type: 'read_ok', value: 9 }), replyTo(readOwn, { type: 'read_ok', value: 3 }));
  expect(await node.next()).toEqual(parseJson(readOk(2, 3)));
  node.send(replyTo(readOwn, { type: 'read_ok', value: 8 }), read(3));
  expect((await node.next()).body['type']).toBe('write');
});

test('message ids of its own are integers and never repeat, not even after a restart', async () => {
  const ids: unknown[] = [];
  for (let incarnation = 0; incarnation < 5; incarnation++) {
    const node = startNode();
    node.send(init());
    await node.next();
    for (let id = 2; id < 12; id++) {
      node.send(read(id));
      for (;;) {
        const message = await node.next();
        if (message.dest === 'c1') break;
        ids.push(message.body['msg_id']);
        node.send(
          replyTo(message, { type: message.body['type'] === 'read' ? 'read_ok' : 'write_ok', value: 1 }),
        );
      }
    }
  }
  expect(ids.length).toBeGreaterThanOrEqual(100);
  expect(ids.every((id) => Number.isSafeInteger(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
});

test('while the store is silent, requests fail; once it is back, they succeed', async () => {
  const node = startNode('--rpc-timeout-ms', '100', '--deadline-ms', '2000');
  const store = new LinearizableKv();
  node.send(init());
  await node.next();
  node.send(add(2, 5), read(3));
  const errors = [];
  while (errors.length < 2) {
    const message = await node.next();
    if (message.dest === 'c1') errors.push(message.body['type']);
  }
  expect(errors).toEqual(['error', 'error']);
  node.send(add(4, 1));
  expect((await node.nextToClient(store)).body).toEqual({ type: 'add_ok', in_reply_to: 4 });
});

test('a request fails before a client of Maelstrom gives up, unless a flag says otherwise', () => {
  expect(Number(nodeOptionSpecs['deadline-ms'].default)).toBeLessThan(5000);
});

test('a late reply still counts, and stderr stays quiet', async () => {
  const node = startNode('--rpc-timeout-ms', '20');
  node.send(init('n1', ['n1', 'n2']), read(2));
  await node.next();
  const [first, second] = [await node.next(), await node.next()];
  expect([first.body['type'], second.body['type']]).toEqual(['write', 'write']);
  node.send(replyTo(first, { type: 'write_ok' }), replyTo(second, { type: 'write_ok' }));
  for (let asked = await node.next(); asked.dest !== 'c1'; asked = await node.next()) {
    if (asked.body['type'] === 'read') node.send(replyTo(asked, { type: 'read_ok', value: 4 }));
  }
  expect((await node.end()).stderr).toBe('');
});

test('an add that was sent and not confirmed fails indefinitely, and is counted at most once', async () => {
  for (const happened of [true, false]) {
    const node = startNode('--deadline-ms', '1500', '--rpc-timeout-ms', '50');
    const store = new LinearizableKv();
    node.send(init(), add(2, 1));
    await node.next();
    await node.nextToClient(store);
    node.send(add(3, 5));
    let reply: Message | undefined;
    while (reply === undefined) {
      const message = await node.next();
      if (message.dest === 'c1') reply = message;
      else if (happened) store.handle('n1', message.body);
    }
    expect(reply.body).toMatchObject({ type: 'error', code: 0, in_reply_to: 3 });
    node.send(add(4, 10));
    expect((await node.nextToClient(store)).body).toEqual({ type: 'add_ok', in_reply_to: 4 });
    node.send(read(5));
    // The unconfirmed add may still happen, since the node repeats its swap.
    const { value } = (await node.nextToClient(store)).body;
    expect(happened ? [16] : [11, 16]).toContain(value);
  }
});

test('a key whose value is not a total gives an error, not a number', async () => {
  for (const junk of ['banana', -1, 1.5, null, [7], { n: 7 }, 2 ** 53]) {
    const node = startNode();
    const store = new LinearizableKv();
    store.handle('another client', { type: 'write', key: 'counter-n1', value: junk });
    node.send(init(), add(2, 5));
    await node.next();
    const failure = await node.nextToClient(store);
    expect(failure.body).toMatchObject({ type: 'error', code: 14, in_reply_to: 2 });
    node.send(read(3));
    expect((await node.nextToClient(store)).body).toMatchObject({ type: 'error', in_reply_to: 3 });
    expect(store.handle('another client', { type: 'read', key: 'counter-n1' })?.['value']).toEqual(junk);
  }
});

test('the total of an earlier incarnation is kept', async () => {
  const store = new LinearizableKv();
  for (let incarnation = 1; incarnation <= 3; incarnation++) {
    const node = startNode();
    node.send(init(), add(2, 5));
    await node.next();
    expect((await node.nextToClient(store)).body['type']).toBe('add_ok');
    node.send(read(3));
    expect((await node.nextToClient(store)).body['value']).toBe(5 * incarnation);
  }
});

test('--store lin-kv talks to lin-kv', async () => {
  const node = startNode('--store', 'lin-kv');
  node.send(init(), read(2));
  await node.next();
  expect((await node.next()).dest).toBe('lin-kv');
});
