/**
 * How the adversary makes messages late. As long as all of them take the same time, they keep their order, and an answer
 * that is given too early is never overtaken by a read that shows it. And since nobody knows how long a node waits before
 * it takes silence for an answer, each time from a few milliseconds to seconds is as likely as one ten times as long.
 */
import type { Message } from '../../../maelstrom/message.ts';
import type { Random } from '../../../runtime/random.ts';
import { pick } from '../random.ts';
import { type ActiveFault, type FaultKind, faultLimits } from './fault.ts';
import { isService } from './isolate-store.ts';

const SHORTEST_MS = 10;
/** The longest that all messages of a node are late: longer than most wait for the store, shorter than a client waits. */
const FAR_MS = [100, 2000] as const;
/** The longest that messages of all nodes are late. */
const STRAGGLER_MS = 200;
const SCATTER_MS = 20;

/** Draws a time between two others, and its logarithm uniformly. */
const logUniform = (random: Random, fromMs: number, toMs: number): number =>
  fromMs * (toMs / fromMs) ** random.next();

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** All messages between the nodes and the services are late, in one direction or both. */
const farNodes: FaultKind = ({ random, nodeIds }) => {
  const lateMs = logUniform(random, ...FAR_MS);
  const which = pick(random, ['requests and answers', 'requests', 'answers']);
  const ms = which === 'requests and answers' ? lateMs / 2 : lateMs;
  const isLate = ({ src, dest }: Message): boolean =>
    (which !== 'answers' && nodeIds.includes(src) && isService(dest)) ||
    (which !== 'requests' && isService(src) && nodeIds.includes(dest));
  return {
    description: `${nodeIds.join(' ')} far from the store: ${which} ${ms.toFixed(0)} ms late`,
    reroute: (copiesMs, message) => (isLate(message) ? copiesMs.map((copyMs) => copyMs + ms) : copiesMs),
  };
};

/** A few messages of all are late. */
const stragglers: FaultKind = ({ random }) =>
  lateShare(random, logUniform(random, SHORTEST_MS, STRAGGLER_MS));

/** Each message takes a time of its own. */
const scattered: FaultKind = ({ random }) => {
  const meanMs = random.next() * SCATTER_MS;
  return {
    description: `messages ${meanMs.toFixed(0)} ms late on average`,
    reroute: (copiesMs) => copiesMs.map((ms) => ms - Math.log(1 - random.next()) * meanMs),
  };
};

/** As `delay`, mostly by less. */
export const lateSometimes: FaultKind = ({ random }) =>
  lateShare(random, logUniform(random, SHORTEST_MS, faultLimits.delayMs));

function lateShare(random: Random, mostMs: number): ActiveFault {
  const share = random.next() * faultLimits.delay;
  return {
    description: `${percent(share)} of messages up to ${mostMs.toFixed(0)} ms late`,
    reroute: (copiesMs) => copiesMs.map((ms) => (random.next() < share ? ms + random.next() * mostMs : ms)),
  };
}

/** As `duplicate`, the second copy mostly soon after the first. */
export const lateCopies: FaultKind = ({ random }) => {
  const share = random.next();
  const copyMs = (): number => logUniform(random, SHORTEST_MS, faultLimits.duplicateDelayMs);
  return {
    description: `${percent(share)} of messages twice`,
    reroute: (copiesMs) => copiesMs.flatMap((ms) => (random.next() < share ? [ms, ms + copyMs()] : [ms])),
  };
};

/** Makes some messages slower than others, whoever sends them. */
export const slowSome: FaultKind = (context) => pick(context.random, [stragglers, scattered])(context);

/** The same, or makes those of the given nodes slower. */
export const slow: FaultKind = (context) => pick(context.random, [farNodes, slowSome])(context);
