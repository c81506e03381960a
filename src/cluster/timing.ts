/** How often members turn to each other, and how long they wait. */
import type { Random } from '../runtime/random.ts';
import { type Member, isFixed } from './member.ts';

/** How often a peer is probed. With many peers it is less often, so that probes do not become the main work. */
const PROBE_MS = 3000;
const PROBE_MS_PER_PEER = 100;
export const PROBE_TIMEOUT_MS = 1000;
/** Others get more, since they have to ask first. */
export const INDIRECT_TIMEOUT_MS = 2500;
/** How long to wait before somebody who does not answer is tried again: at first, and at most. */
export const MIN_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 30_000;
/** Whom an operator has named, at most so long. */
const MAX_FIXED_BACKOFF_MS = 3000;
/** How soon somebody is asked who may have become another in the meantime. */
export const RECHECK_MS = 30_000;

/** Until a peer that answers is probed again. */
export function probeMs(random: Random, peers: number): number {
  const meanMs = Math.max(PROBE_MS, PROBE_MS_PER_PEER * peers);
  return meanMs * (0.75 + random.next() / 2);
}

/** Until somebody who does not answer is tried again. */
export function backoffMs(random: Random, member: Member): number {
  const grownMs = MIN_BACKOFF_MS * 2 ** Math.min(member.failures - 1, 10);
  const mostMs = Math.min(grownMs, isFixed(member) ? MAX_FIXED_BACKOFF_MS : MAX_BACKOFF_MS);
  return mostMs * (0.5 + random.next() / 2);
}
