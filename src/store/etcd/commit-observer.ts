/**
 * What a server hears of its commits and claims.
 */
import type { EtcdError } from './etcd.ts';

export interface CommitObserver {
  /** A commit was done, with so many increments, in so much time. */
  committed(increments: number, durationMs: number): void;
  /** An error that should not happen: nothing more is committed. */
  failed(error: unknown): void;
  /** No slot could be claimed: it is tried again. */
  claimFailed(error: EtcdError): void;
  /** A slot was claimed. */
  claimed(slot: string): void;
  /** The claim was lost. */
  lost(slot: string): void;
  /** It turned out that a commit was done whose answer was lost. */
  recovered(): void;
}
