/** How the node starts, ends and complains, with the real binary. */
import { afterEach, expect, test } from 'vitest';
import { LinearizableKv } from '../../../src/workbench/nodes/kv-service.ts';
import { add, errorCode, init, killNodes, messageFrom, read, startNode } from '../../support/node-process.ts';

afterEach(killNodes);

test('when stdin ends, open requests fail and it exits with 0, long before any deadline', async () => {
  const node = startNode('--rpc-timeout-ms', '1000000', '--deadline-ms', '1000000');
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
  const node = startNode();
  node.send(init(), add(2, 1));
  await node.next();
  await node.next();
  node.child.kill(signal);
  const { status, lines } = await node.exit();
  expect(status).toBe(0);
  expect(lines.map(errorCode)).toEqual([11]);
});

test('it ends quietly when its reader goes away', async () => {
  const node = startNode('--store', 'memory');
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
  const { status, stderr, lines } = await startNode(...args).end();
  expect(status).toBe(2);
  expect(stderr).toBe(`g-counter: ${complaint}; see --help\n`);
  expect(lines).toEqual([]);
});

test('--help names every option and --version the version', async () => {
  const help = await startNode('--help').end();
  for (const flag of ['--store', '--rpc-timeout-ms', '--deadline-ms', '--verbose', '--version', '--help']) {
    expect(help.lines.join('\n')).toContain(flag);
  }
  expect((await startNode('--version').end()).lines.join()).toMatch(/^\d+\.\d+\.\d+$/);
});

test('--verbose logs problems to stderr', async () => {
  const node = startNode('--store', 'memory', '--verbose');
  node.send(init(), 'garbage\n');
  expect((await node.end()).stderr).toBe('dropped a line that is not a message: garbage\n');
});
