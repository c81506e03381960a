/**
 * A right node that needs noticeably more messages or time than the shipped node, simulated on the same options. Only
 * nodes that use a service are compared: what those that gossip send depends on time, not on operations.
 */
import { counterNodeDefaults, createCounterNode } from '../../maelstrom/counter-node.ts';
import { silent } from '../../runtime/log.ts';
import type { CreateNode } from '../nodes/memory-host.ts';
import type { RunOptions } from '../nodes/options.ts';
import { simulate } from '../nodes/simulation.ts';
import type { Delivery } from '../sim/network.ts';
import { type Exchange, Messages } from './messages.ts';
import type { Finding, RecordedRun } from './mistake.ts';

export const farFromBest = {
  id: 'far-from-best',
  remedy:
    'It counts right; this is about speed. Ask for several keys at once instead of one after the other, remember the ' +
    'node’s own total, sum up adds that wait into one swap, and let reads that wait share what one of them finds.',
} as const;

const MORE_MESSAGES = 1.5;
/** Below this, messages hardly cost anything. */
const LEAST_MORE_MESSAGES = 1;
const MORE_ROUND_TRIPS = 1;
/** With less latency, what was asked at once cannot be told from what was asked one after the other. */
const LEAST_LATENCY_MS = 5;
/** The comparison is not to take long, which is decided by how many operations there are, and by how many nodes. */
const OPERATIONS_BY_NODES = 6000;

/** Resolves with what the node needs more. Options must be those of the run. */
export async function comparedWithBest(run: RecordedRun, options: RunOptions): Promise<Finding[]> {
  if (!isComparable(run, options)) return [];
  const deliveries: Delivery[] = [];
  const best = await simulate(shortened(options), shippedNode(options), {
    onDelivery: (delivery) => deliveries.push(delivery),
  });
  const [own, other] = [
    figuresOf(run, options),
    figuresOf({ results: best.results, messages: new Messages(deliveries) }, options),
  ];
  const { messages, add, read } = own;
  const isWasteful =
    messages >= MORE_MESSAGES * other.messages && messages >= other.messages + LEAST_MORE_MESSAGES;
  const isSlow = add >= other.add + MORE_ROUND_TRIPS || read >= other.read + MORE_ROUND_TRIPS;
  if (!isWasteful && !isSlow) return [];
  const times =
    options.latencyMs < LEAST_LATENCY_MS
      ? ''
      : `. It waited for ${add} ${add === 1 ? 'round trip' : 'round trips'} in the median add and ${read} in the median read; ` +
        `the other waits for ${other.add} and ${other.read}`;
  return [
    {
      evidence:
        `This node sent ${messages.toFixed(1)} messages between servers per operation, where the node of this project ` +
        `needs ${other.messages.toFixed(1)} on the same options${times}.`,
      messages: [],
    },
  ];
}

/** Faults that cut a node off from the store decide more than its design does. */
function isComparable({ messages, results }: RecordedRun, { nodeIds, faults }: RunOptions): boolean {
  return (
    results.verdicts.strict.valid === true &&
    results.stats.all.ok > 0 &&
    [...faults].every((fault) => fault === 'partition') &&
    nodeIds.some((node) => messages.requestsOf(node).some(({ request }) => !nodeIds.includes(request.dest)))
  );
}

function shortened(options: RunOptions): RunOptions {
  const operations = OPERATIONS_BY_NODES / options.nodeIds.length;
  const enoughMs = (1000 * operations) / Math.max(1, options.rate);
  return { ...options, recoveryTimeMs: 0, timeLimitMs: Math.min(options.timeLimitMs, enoughMs) };
}

const shippedNode =
  ({ workload }: RunOptions): CreateNode =>
  (ports) =>
    createCounterNode({ ...ports, ...counterNodeDefaults, workload, log: silent });

interface Figures {
  /** Between servers, per operation. */
  readonly messages: number;
  /** The median, in round trips. */
  readonly add: number;
  readonly read: number;
}

function figuresOf(
  run: Pick<RecordedRun, 'results' | 'messages'>,
  { latencyMs, nodeIds }: RunOptions,
): Figures {
  const { results, messages } = run;
  const medianOf = (type: string): number =>
    latencyMs < LEAST_LATENCY_MS ? 0 : median(nodeIds.flatMap((node) => roundTrips(node, type, messages)));
  return { messages: results.messages.serversPerOperation, add: medianOf('add'), read: medianOf('read') };
}

/** For how many round trips, one after the other, a node waited in each operation of a type. Adding 0 needs none. */
function roundTrips(node: string, type: string, messages: Messages): number[] {
  const asked = messages.requestsOf(node).flatMap(endedOf);
  return messages.requestsTo(node).flatMap(({ request, replies: [reply] }) => {
    if (request.body['type'] !== type || request.body['delta'] === 0 || reply === undefined) return [];
    let [count, freeMs] = [0, request.sentMs];
    for (const { sentMs, receivedMs } of asked) {
      if (sentMs < freeMs || receivedMs > reply.sentMs) continue;
      count++;
      freeMs = receivedMs;
    }
    return [count];
  });
}

/** When a request was sent and its reply received. */
function endedOf({ request: { sentMs }, replies: [reply] }: Exchange) {
  return reply?.receivedMs === undefined ? [] : [{ sentMs, receivedMs: reply.receivedMs }];
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
