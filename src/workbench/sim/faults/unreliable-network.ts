/**
 * The faults `loss`, `duplicate` and `delay`: a share of all messages between nodes and services is lost, delivered twice,
 * or delivered late.
 */
import { type FaultKind, faultLimits } from './fault.ts';

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** Loses a share of all messages. */
export const loss: FaultKind = ({ random }) => {
  const share = random.next() * faultLimits.loss;
  return {
    description: `${percent(share)} of messages lost`,
    reroute: (copiesMs) => copiesMs.filter(() => random.next() >= share),
  };
};

/** Delivers a share of all messages twice, the second copy up to seconds later. */
export const duplicate: FaultKind = ({ random }) => {
  const share = random.next() * faultLimits.duplication;
  return {
    description: `${percent(share)} of messages twice`,
    reroute: (copiesMs) =>
      copiesMs.flatMap((ms) =>
        random.next() < share ? [ms, ms + random.next() * faultLimits.duplicateDelayMs] : [ms],
      ),
  };
};

/** Delays a share of all messages, so that they arrive in another order, or after their senders have given up. */
export const delay: FaultKind = ({ random }) => {
  const share = random.next() * faultLimits.delay;
  const mostMs = random.next() * faultLimits.delayMs;
  return {
    description: `${percent(share)} of messages up to ${mostMs.toFixed(0)} ms late`,
    reroute: (copiesMs) => copiesMs.map((ms) => (random.next() < share ? ms + random.next() * mostMs : ms)),
  };
};
