/**
 * A member: an address, what is known of the server there, and which of the members are peers.
 */
import type { Address } from './address.ts';
import type { Sender } from './messages.ts';

/** How an address became known. */
export type Source = 'configured' | 'registered' | 'remembered' | 'beacon' | 'peer' | 'request';

/**
 * The state of a member:
 *   candidate: an address not yet verified;
 *   alive: it answers; suspect: it did not, and others are being asked;
 *   unreachable: nothing answers there, it is tried again now and then;
 *   removed: an operator has removed it; excluded: it says that this server has been removed;
 *   duplicate: another live server has its node id; alias: it is a peer that is known by another address;
 *   self: it is this server; stranger: it belongs to another cluster.
 * `GET /discovery` shows these words, with `new` for a candidate.
 */
export type MemberState =
  | 'candidate'
  | 'alive'
  | 'suspect'
  | 'unreachable'
  | 'removed'
  | 'excluded'
  | 'duplicate'
  | 'alias'
  | 'self'
  | 'stranger';

export interface Member {
  readonly address: Address;
  source: Source;
  state: MemberState;
  /** The process that last identified itself there; undefined until one has. */
  who: Pick<Sender, 'id' | 'bootId'> | undefined;
  /** When an operator registered it, in ms since 1970; undefined once that has been applied. */
  registeredMs: number | undefined;
  /** The reason for its state if it is not alive; for people. */
  why: string;
  /** When to check it next, in ms of the clock. */
  nextMs: number;
  /** Consecutive requests without a response. */
  failures: number;
  /** When it last answered, in ms of the clock. */
  heardMs: number | undefined;
  /** A request to it is under way. */
  isBusy: boolean;
}

/** Whether the failure detector counts it as a peer. */
export const isPeer = ({ state }: Member): boolean => state === 'alive' || state === 'suspect';

/** Whether a server that restarts should look for it: it has been a peer, or was meant to be one. */
export function isWorthRemembering({ state, source, who }: Member): boolean {
  if (['alias', 'duplicate', 'removed', 'self', 'stranger'].includes(state)) return false;
  return who !== undefined || source === 'registered' || source === 'remembered';
}

/** Whether an operator has named it, so that it is kept when the table is full. */
export const isFixed = ({ source }: Member): boolean => source === 'configured' || source === 'registered';

/** Processes that started within so long of each other are ordered by their boot ids, not their ages. */
const SAME_AGE_MS = 2000;

/** Whether process `a` was started after process `b`. */
export function isYounger(a: Pick<Sender, 'upMs' | 'bootId'>, b: Pick<Sender, 'upMs' | 'bootId'>): boolean {
  if (Math.abs(a.upMs - b.upMs) > SAME_AGE_MS) return a.upMs < b.upMs;
  return a.bootId > b.bootId;
}
