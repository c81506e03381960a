/**
 * Whether etcd is well: asked of etcd itself when somebody wants to know, but not more often than once a second.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { Fault } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { EtcdError, type Status } from './etcd.ts';
import { NO_SPACE } from './task.ts';

const KEPT_MS = 1000;
/** How long etcd is asked: load balancers wait for a few seconds. */
const PATIENCE_MS = 2000;

export class EtcdHealth {
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  #latest: { readonly fault: Promise<Fault | undefined>; readonly atMs: number } | undefined;

  constructor(endpoints: Endpoints, clock: Clock) {
    this.#endpoints = endpoints;
    this.#clock = clock;
  }

  /** What is wrong with etcd, at most a second ago. */
  fault(): Promise<Fault | undefined> {
    const nowMs = this.#clock.nowMs();
    if (this.#latest === undefined || nowMs - this.#latest.atMs >= KEPT_MS) {
      this.#latest = { fault: this.#ask(nowMs + PATIENCE_MS), atMs: nowMs };
    }
    return this.#latest.fault;
  }

  async #ask(untilMs: number): Promise<Fault | undefined> {
    try {
      return faultOf(await this.#endpoints.status(untilMs));
    } catch (error) {
      if (error instanceof EtcdError) return { code: 'etcd-unavailable', message: error.message };
      throw error;
    }
  }
}

function faultOf({ alarms, leaderId }: Status): Fault | undefined {
  if (leaderId === '0') return { code: 'etcd-unavailable', message: 'etcd has no leader' };
  return alarms.includes('NOSPACE') ? { code: 'etcd-full', message: NO_SPACE } : undefined;
}
