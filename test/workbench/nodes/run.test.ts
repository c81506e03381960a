/** How a run is conducted: when operations are invoked, by whom, and what comes when. */
import { expect, test } from 'vitest';
import type { Message } from '../../../src/maelstrom/message.ts';
import type { StartHost } from '../../../src/workbench/nodes/host.ts';
import type { RunOptions } from '../../../src/workbench/nodes/options.ts';
import { Run } from '../../../src/workbench/nodes/run.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { standard } from '../../support/run-options.ts';

const calm: RunOptions = { ...standard, faults: new Set(), network: 'maelstrom' };

/** Runs nodes that answer each request after the delay that `delayMs` returns for the time since the run began. */
async function conduct(
  options: RunOptions,
  delayMs: (nowMs: number) => number,
  answer: (request: Message) => object = ({ body }) =>
    body['type'] === 'read' ? { type: 'read_ok', value: 0 } : { type: `${String(body['type'])}_ok` },
) {
  const clock = new VirtualClock();
  const messages: Message[] = [];
  const startHost: StartHost = (nodeId, { onMessage }) => ({
    deliver: (request) => {
      const body = { ...answer(request), in_reply_to: request.body['msg_id'] } as Message['body'];
      const waitMs = request.body['type'] === 'init' ? 0 : delayMs(clock.nowMs());
      clock.after(waitMs, () => onMessage({ src: nodeId, dest: request.src, body }));
    },
    kill: () => Promise.resolve(),
    pause: () => {},
    resume: () => {},
  });
  const onSend = (message: Message): void => void messages.push(message);
  const run = new Run(options, {
    clock,
    startHost,
    onSend,
    onDelivery: () => {},
    onOperation: () => {},
    onOffence: () => {},
  });
  await clock.run(run.execute());
  return { run, messages };
}

const invokedMs = ({ operations }: Run): number[] =>
  operations
    .filter(({ final }) => !final)
    .map(({ invoked }) => invoked.timeMs)
    .toSorted((a, b) => a - b);

test("Maelstrom's generator begins at once, and does not make up for time in which all clients were busy", async () => {
  const options: RunOptions = { ...calm, rate: 20, timeLimitMs: 10_000 };
  const stall = (nowMs: number): number => (nowMs < 4900 ? 4900 - nowMs : 0);
  const { run } = await conduct(options, stall);
  const times = invokedMs(run);
  expect(times[0]).toBe(0);
  // Three operations, one per client, until 4.9 s; one at once; then 20 a second.
  expect(times.filter((ms) => ms < 4900)).toHaveLength(3);
  expect(times.filter((ms) => ms === 4900)).toHaveLength(1);
  expect(times.length).toBeGreaterThan(80);
  expect(times.length).toBeLessThan(125);
  const ideal = invokedMs((await conduct({ ...options, network: 'ideal' }, stall)).run);
  expect(ideal.length).toBeGreaterThan(170);
});

test('operations are spaced by up to twice the mean, uniformly, for all clients together', async () => {
  const { run } = await conduct({ ...calm, rate: 10, concurrency: 30, timeLimitMs: 200_000 }, () => 0);
  const times = invokedMs(run);
  const gaps = times.slice(1).map((ms, i) => ms - (times[i] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(200);
  expect(gaps.length / 200).toBeGreaterThan(9.5);
  expect(gaps.length / 200).toBeLessThan(10.5);
  expect(gaps.filter((ms) => ms < 100).length / gaps.length).toBeCloseTo(0.5, 1);
});

test('clients take turns', async () => {
  const { run } = await conduct({ ...calm, concurrency: 6, timeLimitMs: 1000 }, () => 0);
  const processes = run.operations.filter(({ final }) => !final).map(({ process }) => process);
  expect(processes).toEqual(processes.map((_, i) => i % 6));
});

test('every client adds 1 when the recovery begins, and reads when it is over', async () => {
  const { run } = await conduct({ ...calm, timeLimitMs: 1000, recoveryTimeMs: 5000 }, () => 2);
  const finals = run.operations.filter(({ final }) => final);
  const endedMs = Math.max(
    ...run.operations.filter(({ final }) => !final).map(({ completed }) => completed.timeMs),
  );
  expect(finals.map(({ f, node }) => `${f} ${node}`).toSorted()).toEqual([
    'add n0',
    'add n1',
    'add n2',
    'read n0',
    'read n1',
    'read n2',
  ]);
  for (const { f, invoked } of finals) {
    const beganMs = Math.max(1000, endedMs);
    expect(invoked.timeMs).toBe(f === 'add' ? beganMs : beganMs + 5000);
  }
});

test('with fewer clients than nodes, the nodes without a client are not read', async () => {
  const { run } = await conduct({ ...calm, concurrency: 1, timeLimitMs: 1000 }, () => 0);
  expect(new Set(run.operations.map(({ node }) => node))).toEqual(new Set(['n0']));
});

test('a client that got an error leaves, and another takes its place, on the same node', async () => {
  const options = { ...calm, concurrency: 1, timeLimitMs: 1000 };
  const { run, messages } = await conduct(
    options,
    () => 0,
    ({ body }) => (body['type'] === 'init' ? { type: 'init_ok' } : { type: 'error', code: 11 }),
  );
  const requests = messages.filter(({ body }) => body['type'] === 'add' || body['type'] === 'read');
  expect(new Set(requests.map(({ src }) => src)).size).toBe(requests.length);
  expect(new Set(requests.map(({ dest }) => dest))).toEqual(new Set(['n0']));
  expect(run.operations.map(({ process }) => process)).toEqual(run.operations.map((_, i) => i));
});

test.each([
  ['maelstrom', (ms: number) => ms === 0],
  ['ideal', (ms: number) => ms > 0],
] as const)('on the %s network, faults begin at once or not', async (network, holds) => {
  const options: RunOptions = { ...calm, network, faults: new Set(['partition', 'loss']) };
  const { run } = await conduct({ ...options, nemesisIntervalMs: 1000 }, () => 0);
  const first = (fault: string) => run.faultIntervals.find((interval) => interval.fault === fault);
  for (const fault of options.faults) expect(holds(first(fault)?.fromMs ?? NaN)).toBe(true);
});

test('a service replies with in_reply_to null to a request without msg_id', async () => {
  const clock = new VirtualClock();
  const received: Message[] = [];
  const startHost: StartHost = (nodeId, { onMessage }) => ({
    deliver: (message) => {
      if (message.src === 'seq-kv') received.push(message);
      if (message.body['type'] !== 'init') return;
      onMessage({
        src: nodeId,
        dest: message.src,
        body: { type: 'init_ok', in_reply_to: message.body['msg_id'] },
      });
      onMessage({ src: nodeId, dest: 'seq-kv', body: { type: 'write', key: 'k', value: 1 } });
    },
    kill: () => Promise.resolve(),
    pause: () => {},
    resume: () => {},
  });
  const options = { ...calm, nodeIds: ['n0'], concurrency: 0, timeLimitMs: 100 };
  const run = new Run(options, {
    clock,
    startHost,
    onSend: () => {},
    onDelivery: () => {},
    onOperation: () => {},
    onOffence: () => {},
  });
  await clock.run(run.execute());
  expect(received.map(({ body }) => body)).toEqual([{ type: 'write_ok', in_reply_to: null }]);
});
