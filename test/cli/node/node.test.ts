/** The protocol, spoken with the real binary. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { nodeOptionSpecs } from '../../../src/cli/node/node-options.ts';
import { isDefinite } from '../../../src/maelstrom/errors.ts';
import type { Message } from '../../../src/maelstrom/message.ts';
import { LinearizableKv } from '../../../src/workbench/nodes/kv-service.ts';
import {
  NodeProcess,
  add,
  converse,
  init,
  messageFrom,
  read,
  replyTo,
  toNode,
} from '../../support/node-process.ts';

const started: NodeProcess[] = [];
function start(...args: string[]): NodeProcess {
  const node = new NodeProcess(...args);
  started.push(node);
  return node;
}
afterEach(() => {
  for (const node of started.splice(0)) node.child.kill('SIGKILL');
});

const initOk = '{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}';
const addOk = (id: number): string => `{"src":"n1","dest":"c1","body":{"type":"add_ok","in_reply_to":${id}}}`;
const readOk = (id: number, value: number): string =>
  `{"src":"n1","dest":"c1","body":{"type":"read_ok","value":${value},"in_reply_to":${id}}}`;
const errorCode = (line: string | undefined): unknown =>
  line === undefined ? undefined : messageFrom(line).body['code'];

describe('init', () => {
  test('gets a reply with nothing but what the protocol allows', async () => {
    expect(await converse(init())).toEqual([initOk]);
  });

  test.each([
    ['\ufeff', '\n'],
    ['\ufeff', '\r\n'],
    ['\ufeff ', '\n'],
    ['\n\ufeff', '\n'],
  ])(
    'may begin with a byte-order mark, as a file of an editor may: %j, and end with %j',
    async (before, after) => {
      expect(await converse(`${before}${JSON.stringify(init())}${after}`)).toEqual([initOk]);
    },
  );

  test('a second one gets a reply, too, and changes nothing', async () => {
    const again = toNode({ type: 'init', msg_id: 3, node_id: 'n1', node_ids: ['n1'] });
    const lines = await converse(init(), add(2, 7), again, read(4));
    expect(lines).toHaveLength(4);
    expect(lines).toContain('{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":3}}');
    expect(lines).toContain(readOk(4, 7));
  });

  test('a second one under another id fails with 12', async () => {
    const other = toNode({ type: 'init', msg_id: 3, node_id: 'n2', node_ids: ['n1', 'n2'] });
    const lines = await converse(init(), other, read(4));
    expect(errorCode(lines[1])).toBe(12);
    expect(lines[2]).toBe(readOk(4, 0));
  });

  test.each([
    {},
    { node_id: 'n1' },
    { node_ids: ['n1'] },
    { node_id: 7, node_ids: [7] },
    { node_id: 'n1', node_ids: 'n1' },
    { node_id: 'n1', node_ids: ['n2', null] },
    { node_id: 'n1', node_ids: ['n2'] },
  ])('a bad one, %j, fails with 12, and a good one works afterwards', async (fields) => {
    const lines = await converse(toNode({ type: 'init', msg_id: 9, ...fields }), init(), read(2));
    expect(errorCode(lines[0])).toBe(12);
    expect(lines.slice(1)).toEqual([initOk, readOk(2, 0)]);
  });

  test('a request before it fails with 11', async () => {
    const lines = await converse(add(5, 1), init(), read(2));
    expect(errorCode(lines[0])).toBe(11);
    expect(parseJson(lines[0] ?? '')).toMatchObject({ src: 'n1', dest: 'c1', body: { in_reply_to: 5 } });
    expect(lines.slice(1)).toEqual([initOk, readOk(2, 0)]);
  });

  test.each([
    'n1',
    '',
    'node with "quotes" and \\',
    '__proto__',
    'constructor',
    'ノード🦀',
    'a'.repeat(1000),
  ])('any string is a node id: %j', async (nodeId) => {
    const node = start();
    const store = new LinearizableKv();
    node.send(init(nodeId, ['other', nodeId]), add(2, 3));
    expect(await node.next()).toEqual({ src: nodeId, dest: 'c1', body: { type: 'init_ok', in_reply_to: 1 } });
    expect((await node.nextToClient(store)).body).toEqual({ type: 'add_ok', in_reply_to: 2 });
    node.send(read(3));
    expect((await node.nextToClient(store)).body).toEqual({ type: 'read_ok', value: 3, in_reply_to: 3 });
  });
});

describe('requests', () => {
  test('add and read get replies that are whole lines without extra keys', async () => {
    const node = start('--store', 'memory');
    node.send(init(), add(2, 123));
    expect([await node.nextLine(), await node.nextLine()]).toEqual([initOk, addOk(2)]);
    node.send(read(3));
    expect(await node.nextLine()).toBe(readOk(3, 123));
  });

  test('0 is a message id like any other', async () => {
    expect(await converse(init(), read(0))).toEqual([initOk, readOk(0, 0)]);
  });

  test('a request without a message id is carried out but gets no reply', async () => {
    const silentAdd = toNode({ type: 'add', delta: 4 });
    expect(await converse(init(), silentAdd, read(2))).toEqual([initOk, readOk(2, 4)]);
  });

  test.each(['echo', 'constructor', '__proto__', 'toString', 'hasOwnProperty', ''])(
    'the unknown type %j is refused with 10',
    async (type) => {
      const lines = await converse(init(), toNode({ type, msg_id: 2 }));
      expect(errorCode(lines[1])).toBe(10);
    },
  );

  test.each([{}, { type: 7 }, { type: null }])(
    'without a proper type, %j, it is refused with 12',
    async (fields) => {
      const lines = await converse(init(), toNode({ ...fields, msg_id: 2 }));
      expect(errorCode(lines[1])).toBe(12);
    },
  );

  test.each([
    '-1',
    '1.5',
    '"3"',
    'null',
    '[1]',
    'true',
    '{}',
    '9007199254740992',
    '1e300',
    '4.9999999999999999999',
    '1e-400',
    undefined,
  ])('delta %s is refused with 12 and changes nothing', async (delta) => {
    const field = delta === undefined ? '' : `,"delta":${delta}`;
    const line = `{"src":"c1","dest":"n1","body":{"type":"add","msg_id":2${field}}}\n`;
    const lines = await converse(init(), line, read(3));
    expect(errorCode(lines[1])).toBe(12);
    expect(lines[2]).toBe(readOk(3, 0));
  });

  test('an add of 0 is acknowledged', async () => {
    expect(await converse(init(), add(2, 0), read(3))).toEqual([initOk, addOk(2), readOk(3, 0)]);
  });

  test('a sum past 2^53 - 1 fails for good, and changes nothing', async () => {
    const lines = await converse(init(), add(2, Number.MAX_SAFE_INTEGER), add(3, 1), read(4));
    expect(lines).toHaveLength(4);
    expect(lines).toContain(addOk(2));
    expect(lines).toContain(readOk(4, Number.MAX_SAFE_INTEGER));
    const failure = lines.find((line) => line.includes('"error"'));
    expect(isDefinite(errorCode(failure))).toBe(true);
  });
});

describe('input', () => {
  test.each([
    ['text', 'hello'],
    ['a blank line', ''],
    ['an array', '[1,2]'],
    ['null', 'null'],
    ['a number', '17'],
    ['half an object', '{"src":"c1"'],
    ['no body', '{"src":"c1","dest":"n1"}'],
    ['a body that is not an object', '{"src":"c1","dest":"n1","body":[]}'],
    ['no source', '{"dest":"n1","body":{"type":"read","msg_id":8}}'],
    ['a NUL', '\0'],
    ['a NUL within', '{"src":"c1","dest":"n1","body":{"type":"re\0ad","msg_id":8}}'],
    ['a reply before init', '{"src":"seq-kv","dest":"n1","body":{"type":"write_ok","in_reply_to":1}}'],
  ])('survives %s', async (_, garbage) => {
    expect(await converse(`${garbage}\n`, init(), `${garbage}\n`, read(2))).toEqual([initOk, readOk(2, 0)]);
  });

  test('lines may end in CRLF, and the last one without a newline', async () => {
    const text = `${JSON.stringify(init())}\r\n\r\n${JSON.stringify(read(2))}`;
    expect(await converse(text)).toEqual([initOk, readOk(2, 0)]);
  });

  test('a line may be cut anywhere, even within a character', async () => {
    const node = start('--store', 'memory');
    const bytes = Buffer.from(`${JSON.stringify(init('nœud🦀'))}\n`);
    for (const byte of bytes) {
      node.child.stdin.write(Buffer.of(byte));
      // Each byte should arrive alone, or at least not always together with the next.
      await new Promise(setImmediate);
    }
    expect((await node.next()).src).toBe('nœud🦀');
  });

  test('5,000 messages in one chunk all get replies', async () => {
    const adds = Array.from({ length: 5000 }, (_, i) => add(i + 2, 2));
    const lines = await converse([init(), ...adds].map((message) => `${JSON.stringify(message)}\n`).join(''));
    expect(new Set(lines)).toEqual(new Set([initOk, ...adds.map((_, i) => addOk(i + 2))]));
    expect(lines).toHaveLength(5001);
  });

  test('a line may have 4 MB', async () => {
    const padded = toNode({ type: 'add', delta: 5, msg_id: 2, padding: 'x'.repeat(4_000_000) });
    expect(await converse(init(), padded, read(3))).toEqual([initOk, addOk(2), readOk(3, 5)]);
  });

  test('U+2028 and U+2029 within a string do not end a line', async () => {
    const odd = toNode({ type: 'add', delta: 5, msg_id: 2, note: 'a\u2028b\u2029c' });
    expect(await converse(init(), odd, read(3))).toEqual([initOk, addOk(2), readOk(3, 5)]);
  });

  test('each request that a real Maelstrom sent gets exactly one reply', async () => {
    const text = readFileSync('test/fixtures/maelstrom-run.jsonl', 'utf8');
    const requests = text
      .trim()
      .split('\n')
      .map(messageFrom)
      .filter((message) => message.src.startsWith('c'));
    const answered = (await converse(text)).map(messageFrom);
    const asked = requests.map(({ src, body }) => `${src} ${JSON.stringify(body['msg_id'])}`);
    const told = answered.map(({ dest, body }) => `${dest} ${JSON.stringify(body['in_reply_to'])}`);
    expect(requests.length).toBeGreaterThan(40);
    expect(told.toSorted()).toEqual(asked.toSorted());
  });
});

describe('the store', () => {
  test('replies delivered twice change nothing', async () => {
    const node = start();
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
    const node = start();
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
    node.send(
      replyTo(barrier, { type: 'read_ok', value: 9 }),
      replyTo(readOwn, { type: 'read_ok', value: 3 }),
    );
    expect(await node.next()).toEqual(parseJson(readOk(2, 3)));
    node.send(replyTo(readOwn, { type: 'read_ok', value: 8 }), read(3));
    expect((await node.next()).body['type']).toBe('write');
  });

  test('message ids of its own are integers and never repeat, not even after a restart', async () => {
    const ids: unknown[] = [];
    for (let incarnation = 0; incarnation < 5; incarnation++) {
      const node = start();
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
    const node = start('--rpc-timeout-ms', '100', '--deadline-ms', '2000');
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
    const node = start('--rpc-timeout-ms', '20');
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
      const node = start('--deadline-ms', '1500', '--rpc-timeout-ms', '50');
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
      const node = start();
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
      const node = start();
      node.send(init(), add(2, 5));
      await node.next();
      expect((await node.nextToClient(store)).body['type']).toBe('add_ok');
      node.send(read(3));
      expect((await node.nextToClient(store)).body['value']).toBe(5 * incarnation);
    }
  });

  test('--store lin-kv talks to lin-kv', async () => {
    const node = start('--store', 'lin-kv');
    node.send(init(), read(2));
    await node.next();
    expect((await node.next()).dest).toBe('lin-kv');
  });
});

describe('the process', () => {
  test('when stdin ends, open requests fail and it exits with 0, long before any deadline', async () => {
    const node = start('--rpc-timeout-ms', '1000000', '--deadline-ms', '1000000');
    const store = new LinearizableKv();
    node.send(init(), add(2, 1));
    await node.next();
    await node.nextToClient(store);
    node.send(add(3, 1), add(4, 1), read(5));
    const swap = await node.next();
    expect(swap.body).toMatchObject({ type: 'cas', from: 1, to: 2 });
    const { status, lines, stderr } = await node.end();
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const codes = new Map(lines.map((line) => [messageFrom(line).body['in_reply_to'], errorCode(line)]));
    expect(codes).toEqual(
      new Map([
        [3, 0],
        [4, 11],
        [5, 11],
      ]),
    );
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it the same way', async (signal) => {
    const node = start();
    node.send(init(), add(2, 1));
    await node.next();
    await node.next();
    node.child.kill(signal);
    const { status, lines } = await node.exit();
    expect(status).toBe(0);
    expect(lines.map(errorCode)).toEqual([11]);
  });

  test('it ends quietly when its reader goes away', async () => {
    const node = start('--store', 'memory');
    node.send(init());
    await node.next();
    node.child.stdout.destroy();
    node.send(...Array.from({ length: 1000 }, (_, i) => read(i + 2)));
    expect(await node.exit()).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([
    [['--store', 'redis'], "--store takes seq-kv, lin-kv, memory, not 'redis'"],
    [['--deadline-ms', 'soon'], "--deadline-ms takes a number from 1 to 1000000, not 'soon'"],
    [['--rpc-timeout-ms', '0'], "--rpc-timeout-ms takes a number from 1 to 1000000, not '0'"],
    [['--frobnicate'], "Unknown option '--frobnicate'"],
    [['extra'], "Unexpected argument 'extra'"],
  ])('%j fails with one line and status 2', async (args, complaint) => {
    const { status, stderr, lines } = await start(...args).end();
    expect(status).toBe(2);
    expect(stderr).toBe(`g-counter: ${complaint}; see --help\n`);
    expect(lines).toEqual([]);
  });

  test('--help names every option and --version the version', async () => {
    const help = await start('--help').end();
    for (const flag of ['--store', '--rpc-timeout-ms', '--deadline-ms', '--verbose', '--version', '--help']) {
      expect(help.lines.join('\n')).toContain(flag);
    }
    expect((await start('--version').end()).lines.join()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('--verbose logs problems to stderr', async () => {
    const node = start('--store', 'memory', '--verbose');
    node.send(init(), 'garbage\n');
    expect((await node.end()).stderr).toBe('dropped a line that is not a message: garbage\n');
  });
});
