/**
 * What the adversary does with latencies. As long as all messages take the same time, they keep their order, and an answer
 * that is given too early is never overtaken by a read that shows it. So some take longer than others.
 */
import type { Message } from '../../../maelstrom/message.ts';
import type { Random } from '../../../runtime/random.ts';
import { pick } from '../random.ts';
import type { ActiveFault } from './fault.ts';
import { isService } from './isolate-store.ts';

/** The longest that a slow message takes, in ms: many times what the others take, and far less than a client waits. */
const SLOWEST_MS = 200;
/** The largest share of stragglers. */
const STRAGGLERS = 0.3;
/** The largest mean of latencies that are all drawn anew. */
const MEAN_MS = 20;

type Shape = (random: Random, victims: readonly string[]) => ActiveFault;

/** Makes some messages slower than others. `victims` are the nodes that may be the slow ones. */
export const slow: Shape = (random, victims) =>
  pick(random, [stragglers, slowNodes, scattered])(random, victims);

/** A few messages of all take long. */
const stragglers: Shape = (random) => {
  const share = random.next() * STRAGGLERS;
  const mostMs = random.next() * SLOWEST_MS;
  return {
    description: `${(100 * share).toFixed(0)} % of messages up to ${mostMs.toFixed(0)} ms late`,
    reroute: (copiesMs) => copiesMs.map((ms) => (random.next() < share ? ms + random.next() * mostMs : ms)),
  };
};

/** All messages between the victims and the services take long, in one direction or both. */
const slowNodes: Shape = (random, victims) => {
  const slowMs = random.next() * SLOWEST_MS;
  const which = pick(random, ['requests and answers', 'requests', 'answers']);
  const isSlow = ({ src, dest }: Message): boolean =>
    (which !== 'answers' && victims.includes(src) && isService(dest)) ||
    (which !== 'requests' && isService(src) && victims.includes(dest));
  return {
    description: `${victims.join(' ')} far from the store: ${which} ${slowMs.toFixed(0)} ms late`,
    reroute: (copiesMs, message) => (isSlow(message) ? copiesMs.map((ms) => ms + slowMs) : copiesMs),
  };
};

/** All messages take a time of their own, exponentially distributed. */
const scattered: Shape = (random) => {
  const meanMs = random.next() * MEAN_MS;
  return {
    description: `messages ${meanMs.toFixed(0)} ms late on average`,
    reroute: (copiesMs) => copiesMs.map((ms) => ms - Math.log(1 - random.next()) * meanMs),
  };
};
