/** What the adversary does to a cluster whose nodes do nothing but start: how much of it, to whom, and that it ends. */
import { describe, expect, test } from 'vitest';
import type { Message } from '../../../src/maelstrom/message.ts';
import { Adversary } from '../../../src/workbench/sim/adversary.ts';
import { nodeNames } from '../../../src/workbench/sim/node-names.ts';
import { streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

const INTERVAL_MS = 300;

/** How many nodes were hit, looked at every so often. */
interface Sample {
  /** Nodes that are dead, paused, or without the store. */
  readonly hit: number;
  readonly active: string;
}

/** Lets the adversary work for a minute, and every node send a message of each kind all the time. */
async function watch(seed: number, nodeCount: number) {
  const clock = new VirtualClock();
  const nodeIds = nodeNames(nodeCount);
  const dead = new Set<string>();
  const paused = new Set<string>();
  const samples: Sample[] = [];
  const struck: string[] = [];
  let sending = '';
  const adversary = new Adversary({
    intervalMs: INTERVAL_MS,
    nodeIds,
    clock,
    streams: streams(seed),
    nodes: {
      kill: (nodeId) => {
        if (dead.has(nodeId)) throw new Error(`${nodeId} is dead already`);
        if (sending !== '') struck.push(sending);
        dead.add(nodeId);
      },
      restart: (nodeId) => {
        dead.delete(nodeId);
        clock.after(20, () => send(nodeId, 'c0', 'init_ok'));
      },
      pause: (nodeId) => paused.add(nodeId),
      resume: (nodeId) => paused.delete(nodeId),
    },
  });
  function send(src: string, dest: string, type: string): void {
    if (dead.has(src) || paused.has(src)) return;
    const message: Message = { src, dest, body: { type } };
    sending = `${src} ${type}`;
    adversary.onSend(message);
    sending = '';
    adversary.copiesMs(0, message);
  }
  const isHit = (nodeId: string): boolean =>
    dead.has(nodeId) ||
    paused.has(nodeId) ||
    adversary.isBlocked(nodeId, 'seq-kv') ||
    adversary.isBlocked('seq-kv', nodeId);
  const look = (): void => {
    samples.push({ hit: nodeIds.filter(isHit).length, active: adversary.description });
    for (const nodeId of nodeIds) {
      send(nodeId, 'c1', 'add_ok');
      send(nodeId, 'seq-kv', 'cas');
      send(nodeId, 'seq-kv', 'read');
    }
    clock.after(10, look);
  };
  adversary.start();
  look();
  await clock.run(new Promise<void>((resolve) => clock.after(60_000, resolve)));
  adversary.heal();
  return { adversary, samples, struck, dead, paused, isBlocked: nodeIds.some(isHit) };
}

const share = (samples: readonly Sample[], is: (sample: Sample) => boolean): number =>
  samples.filter(is).length / samples.length;

describe.each([3, 5, 9])('of %i nodes', (nodeCount) => {
  test('a majority is healthy, except for moments', async () => {
    const { samples } = await watch(1, nodeCount);
    expect(share(samples, ({ hit }) => 2 * hit > nodeCount)).toBeLessThan(0.05);
  });
});

describe.each([1, 2, 3, 5, 9])('to %i nodes', (nodeCount) => {
  test('something happens most of the time, and nothing now and then', async () => {
    const { samples } = await watch(2, nodeCount);
    expect(share(samples, ({ active }) => active === '')).toBeGreaterThan(0.05);
    expect(share(samples, ({ active }) => active === '')).toBeLessThan(nodeCount === 1 ? 0.7 : 0.5);
    expect(share(samples, ({ hit }) => hit > 0)).toBeGreaterThan(nodeCount === 1 ? 0.005 : 0.1);
  });

  test('everything heals in the end', async () => {
    const { adversary, dead, paused, isBlocked } = await watch(3, nodeCount);
    expect([dead.size, paused.size, isBlocked, adversary.description]).toEqual([0, 0, false, '']);
    expect(adversary.intervals.every(({ toMs }) => toMs <= 60_000)).toBe(true);
  });
});

test('nodes are killed over each kind of message that matters', async () => {
  const { struck } = await watch(4, 3);
  const kinds = new Set(struck.map((message) => message.split(' ')[1]));
  expect(kinds).toEqual(new Set(['add_ok', 'cas', 'read']));
});

test('a seed decides everything', async () => {
  const trace = async (seed: number) => (await watch(seed, 5)).adversary.intervals;
  const first = await trace(5);
  expect(first.length).toBeGreaterThan(50);
  expect(await trace(5)).toEqual(first);
  expect(await trace(6)).not.toEqual(first);
});
