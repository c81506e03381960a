/** Requests and other lines, with the real binary. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { isDefinite } from '../../../src/maelstrom/errors.ts';
import {
  add,
  addOk,
  converse,
  errorCode,
  init,
  initOk,
  killNodes,
  messageFrom,
  read,
  readOk,
  startNode,
  told,
  toNode,
} from '../../support/node-process.ts';

afterEach(killNodes);

describe('requests', () => {
  test('add and read get replies that are whole lines without extra keys', async () => {
    const node = startNode('--store', 'memory');
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

  test('unknown types are refused with 10', async () => {
    const types = ['echo', 'constructor', '__proto__', 'toString', 'hasOwnProperty', ''];
    const lines = await converse(init(), ...types.map((type, n) => toNode({ type, msg_id: n + 2 })));
    expect(lines.slice(1).map(told)).toEqual(types.map((_, n) => [n + 2, 10]));
  });

  test('without a proper type, one is refused with 12', async () => {
    const improper = [{}, { type: 7 }, { type: null }];
    const lines = await converse(
      init(),
      ...improper.map((fields, n) => toNode({ ...fields, msg_id: n + 2 })),
    );
    expect(lines.slice(1).map(told)).toEqual(improper.map((_, n) => [n + 2, 12]));
  });

  test('a delta that is no whole number from 0 to 2^53 - 1 is refused with 12 and changes nothing', async () => {
    const deltas = [
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
    ];
    const adds = deltas.map((delta, n) => {
      const field = delta === undefined ? '' : `,"delta":${delta}`;
      return `{"src":"c1","dest":"n1","body":{"type":"add","msg_id":${n + 2}${field}}}\n`;
    });
    const lines = await converse(init(), ...adds, read(100));
    expect(lines.slice(1, -1).map(told)).toEqual(deltas.map((_, n) => [n + 2, 12]));
    expect(lines.at(-1)).toBe(readOk(100, 0));
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
  test('what is no message is survived', async () => {
    const garbage = [
      'hello',
      '',
      '[1,2]',
      'null',
      '17',
      '{"src":"c1"',
      '{"src":"c1","dest":"n1"}',
      '{"src":"c1","dest":"n1","body":[]}',
      '{"dest":"n1","body":{"type":"read","msg_id":8}}',
      '\0',
      '{"src":"c1","dest":"n1","body":{"type":"re\0ad","msg_id":8}}',
      '{"src":"seq-kv","dest":"n1","body":{"type":"write_ok","in_reply_to":1}}',
    ];
    const lines = await converse(
      ...garbage.map((line) => `${line}\n`),
      init(),
      ...garbage.flatMap((line, n) => [`${line}\n`, read(n + 2)]),
    );
    expect(lines).toEqual([initOk, ...garbage.map((_, n) => readOk(n + 2, 0))]);
  });

  test('lines may end in CRLF, and the last one without a newline', async () => {
    const text = `${JSON.stringify(init())}\r\n\r\n${JSON.stringify(read(2))}`;
    expect(await converse(text)).toEqual([initOk, readOk(2, 0)]);
  });

  test('a line may be cut anywhere, even within a character', async () => {
    const node = startNode('--store', 'memory');
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
    const answers = answered.map(({ dest, body }) => `${dest} ${JSON.stringify(body['in_reply_to'])}`);
    expect(requests.length).toBeGreaterThan(40);
    expect(answers.toSorted()).toEqual(asked.toSorted());
  });
});
