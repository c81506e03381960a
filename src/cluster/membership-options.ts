/**
 * What membership needs of the rest of the server, and what it tells it: the ports between who is in the cluster and
 * everything that follows from it.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Address } from './address.ts';
import type { Ask } from './failure-detector.ts';
import type { Member } from './member.ts';
import type { Sender } from './messages.ts';

export interface MembershipOptions {
  readonly self: () => Sender;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly random: Random;
  readonly maxPeers: number;
  readonly log: Log;
  readonly ask: Ask;
  /** The digest of all counters. */
  readonly digest: () => string;
  /** A member has become a peer, or another process answers at a peer's address. */
  readonly onJoin: (member: Member) => void;
  /** A member is no longer a peer. */
  readonly onLeave: (member: Member) => void;
  /** A peer has reported the digest of its counters. */
  readonly onDigest: (member: Member, digest: string) => void;
  /** What is remembered over a restart has changed. */
  readonly onChange: () => void;
  /** An older process with our node id is running. */
  readonly onDuplicate: (address: Address) => void;
}
