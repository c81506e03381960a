/** The first message, spoken with the real binary. */
import { afterEach, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { LinearizableKv } from '../../../src/workbench/nodes/kv-service.ts';
import {
  add,
  converse,
  errorCode,
  init,
  initOk,
  killNodes,
  read,
  readOk,
  startNode,
  told,
  toNode,
} from '../../support/node-process.ts';

afterEach(killNodes);

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

  test('bad ones fail with 12, and a good one works afterwards', async () => {
    const bad = [
      {},
      { node_id: 'n1' },
      { node_ids: ['n1'] },
      { node_id: 7, node_ids: [7] },
      { node_id: 'n1', node_ids: 'n1' },
      { node_id: 'n1', node_ids: ['n2', null] },
      { node_id: 'n1', node_ids: ['n2'] },
    ];
    const lines = await converse(
      ...bad.map((fields, n) => toNode({ type: 'init', msg_id: n + 10, ...fields })),
      init(),
      read(2),
    );
    expect(lines.slice(0, bad.length).map(told)).toEqual(bad.map((_, n) => [n + 10, 12]));
    expect(lines.slice(bad.length)).toEqual([initOk, readOk(2, 0)]);
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
    const node = startNode();
    const store = new LinearizableKv();
    node.send(init(nodeId, ['other', nodeId]), add(2, 3));
    expect(await node.next()).toEqual({ src: nodeId, dest: 'c1', body: { type: 'init_ok', in_reply_to: 1 } });
    expect((await node.nextToClient(store)).body).toEqual({ type: 'add_ok', in_reply_to: 2 });
    node.send(read(3));
    expect((await node.nextToClient(store)).body).toEqual({ type: 'read_ok', value: 3, in_reply_to: 3 });
  });
});
