import type { Address } from './address.ts';
import type { Sender } from './messages.ts';

/** How a server is heard of. */
export type Source = 'configured' | 'registered' | 'remembered' | 'beacon' | 'peer' | 'request';

/**
 * What is known of whoever is at an address.
 *   new: nothing yet, it has to be verified;
 *   alive: it answers; suspect: it did not, and others are being asked;
 *   unreachable: nobody answers there, it is tried now and then;
 *   removed: it is there, and no member by removal; excluded: it says the same of us;
 *   duplicate: it has the node id of another that is alive; alias: it is a peer that is known by another address;
 *   self: it is this server; stranger: it is in another cluster, or no server of a cluster at all.
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
  /** Who answered last; undefined until somebody has. */
  who: Pick<Sender, 'id' | 'bootId'> | undefined;
  /** When somebody has registered it, by the time of day; undefined where that has been seen to. */
  registeredMs: number | undefined;
  /** Why it is no peer. */
  why: string;
  /** When to turn to it next. */
  nextMs: number;
  /** How often in a row it has not answered. */
  failures: number;
  /** When it last answered. */
  heardMs: number | undefined;
  /** A request to it is under way. */
  isBusy: boolean;
}

/** Whether it is a peer, as far as we know. */
export const isPeer = ({ state }: Member): boolean => state === 'alive' || state === 'suspect';

/** Whether a server that starts again should turn to it: who has been a peer, or was to be one. */
export function isWorthRemembering({ state, source, who }: Member): boolean {
  if (['alias', 'duplicate', 'removed', 'self', 'stranger'].includes(state)) return false;
  return who !== undefined || source === 'registered' || source === 'remembered';
}

/** Whether it is kept when there are too many to keep. */
export const isFixed = ({ source }: Member): boolean => source === 'configured' || source === 'registered';

/** Processes that started within so long of each other are told apart by their names, not their ages. */
const SAME_AGE_MS = 2000;

/** Whether a process was started after another, by how long each has lived. */
export function isYounger(a: Pick<Sender, 'upMs' | 'bootId'>, b: Pick<Sender, 'upMs' | 'bootId'>): boolean {
  if (Math.abs(a.upMs - b.upMs) > SAME_AGE_MS) return a.upMs < b.upMs;
  return a.bootId > b.bootId;
}
