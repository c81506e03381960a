/**
 * Counters on a stale store behind a bad network, killed and restarted at random: whatever happens, the history of their
 * clients must satisfy the checker.
 */
import { expect, test } from 'vitest';
import { type Counter, CounterError } from '../../src/counter/counter.ts';
import { StoredCounter } from '../../src/counter/stored-counter.ts';
import { gTotal } from '../../src/crdt/g-counter.ts';
import { KeyValueClient } from '../../src/maelstrom/key-value-client.ts';
import { silent } from '../../src/runtime/log.ts';
import type { Random } from '../../src/runtime/random.ts';
import { judge } from '../../src/workbench/nodes/checker.ts';
import type { Moment, Operation, Outcome } from '../../src/workbench/nodes/history.ts';
import { SequentialKv } from '../../src/workbench/nodes/kv-service.ts';
import { ProcessClock } from '../../src/workbench/sim/process-clock.ts';
import { below, pick, streams } from '../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { type Unreliability, UnreliableStore } from '../support/unreliable-store.ts';

const nodeIds = ['n0', 'n1', 'n2'];
const DEADLINE_MS = 1000;

interface Incarnation {
  readonly clock: ProcessClock;
  readonly counter: Counter;
}

async function history(seed: number, unreliability: Unreliability): Promise<Operation[]> {
  const clock = new VirtualClock();
  const random = streams(seed);
  const service = new SequentialKv(random('store'));
  const network = { ...unreliability };
  const operations: Operation[] = [];
  let events = 0;
  const moment = (): Moment => ({ index: events++, timeMs: clock.nowMs() });

  const start = (nodeId: string): Incarnation => {
    const processClock = new ProcessClock(clock);
    const store = new KeyValueClient('seq-kv', async (_, request) => service.handle(nodeId, request) ?? {});
    const unreliable = new UnreliableStore(store, clock, processClock, random(`network ${events}`), network);
    const options = {
      kind: gTotal,
      store: unreliable,
      nodeId,
      nodeIds,
      deadlineMs: DEADLINE_MS,
      retryMs: 100,
      clock: processClock,
      log: silent,
    };
    return {
      clock: processClock,
      counter: new StoredCounter({ ...options, random: random(`${nodeId} ${events}`) }),
    };
  };
  const incarnations = new Map(nodeIds.map((nodeId) => [nodeId, start(nodeId)]));

  /** Invokes an operation and records its outcome. Clients of a killed node get no reply. */
  const perform = async (nodeId: string, delta: number | undefined, final: boolean): Promise<void> => {
    const incarnation = incarnations.get(nodeId);
    if (incarnation === undefined) return;
    const invoked = moment();
    const record = (outcome: Outcome, value?: number): void => {
      const base = { process: invoked.index, node: nodeId, final, invoked, completed: moment(), outcome };
      if (delta !== undefined) operations.push({ ...base, f: 'add', delta });
      else operations.push({ ...base, f: 'read', ...(value !== undefined && { value }) });
    };
    const silence = new Promise<'silence'>((resolve) =>
      clock.after(2 * DEADLINE_MS, () => resolve('silence')),
    );
    const asked = delta === undefined ? incarnation.counter.read() : incarnation.counter.add(delta);
    const answer = await Promise.race([asked, silence]).catch((error: unknown) => error);
    if (answer === 'silence') record('info');
    else if (answer instanceof CounterError) record(answer.kind === 'timeout' ? 'info' : 'fail');
    else if (answer instanceof Error) throw answer;
    else record('ok', typeof answer === 'number' ? answer : undefined);
  };

  const work = async (workload: Random): Promise<void> => {
    const open: Promise<void>[] = [];
    for (let step = 0; step < 150; step++) {
      await new Promise<void>((resolve) => clock.after(workload.next() * 40, resolve));
      const nodeId = pick(workload, nodeIds);
      if (workload.next() < 0.05) {
        incarnations.get(nodeId)?.clock.end();
        incarnations.set(nodeId, start(nodeId));
      }
      open.push(perform(nodeId, workload.next() < 0.5 ? below(workload, 5) : undefined, false));
    }
    await Promise.all(open);
    network.requestLoss = 0;
    network.answerLoss = 0;
    await Promise.all(nodeIds.map((nodeId) => perform(nodeId, undefined, true)));
  };
  await clock.run(work(random('workload')));
  return operations;
}

const situations: Record<string, Unreliability> = {
  'lost answers': { requestLoss: 0, answerLoss: 0.3, maxLatencyMs: 30, timeoutMs: 100 },
  'lost requests and answers': { requestLoss: 0.2, answerLoss: 0.2, maxLatencyMs: 30, timeoutMs: 100 },
  'answers that come too late': { requestLoss: 0, answerLoss: 0, maxLatencyMs: 150, timeoutMs: 100 },
  'requests that arrive only after a restart': {
    requestLoss: 0.1,
    answerLoss: 0.1,
    maxLatencyMs: 900,
    timeoutMs: 200,
  },
};

for (const [name, unreliability] of Object.entries(situations)) {
  test(`every read keeps the three promises despite restarts and ${name}`, async () => {
    const outcomes = new Set<Outcome>();
    for (let seed = 1; seed <= 100; seed++) {
      const operations = await history(seed, unreliability);
      for (const operation of operations) outcomes.add(operation.outcome);
      const problems = judge(operations);
      const safety = problems.filter((problem) => problem.operation.outcome === 'ok');
      expect(safety.map((problem) => `seed ${seed}: ${problem.text}`)).toEqual([]);
    }
    expect(outcomes).toEqual(new Set(['ok', 'fail', 'info']));
  });
}
