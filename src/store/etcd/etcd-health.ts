/**
 * Whether etcd is well: asked of etcd itself when somebody wants to know, but not more often than once a second.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { Fault } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { EtcdError, type Status, isIndefinite } from './etcd.ts';
import { NO_SPACE } from './task.ts';
import { within } from './within.ts';

const KEPT_MS = 1000;
/** How long etcd may take: load balancers wait for a few seconds. */
export const HEALTH_PATIENCE_MS = 2000;

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
      this.#latest = { fault: this.#ask(nowMs + HEALTH_PATIENCE_MS), atMs: nowMs };
    }
    return this.#latest.fault;
  }

  /** Asks member after member. */
  #ask(untilMs: number): Promise<Fault | undefined> {
    let fault: Fault = { code: 'etcd-unavailable', message: 'etcd does not answer' };
    const asked = async (): Promise<Fault | undefined> => {
      for (let failures = 0; ; failures++) {
        try {
          return faultOf(await this.#endpoints.status());
        } catch (error) {
          if (!(error instanceof EtcdError)) throw error;
          fault = { code: 'etcd-unavailable', message: error.message };
          if (!isIndefinite(error) || this.#clock.nowMs() >= untilMs) return fault;
          await this.#endpoints.pause(failures);
        }
      }
    };
    return within(this.#clock, HEALTH_PATIENCE_MS, asked(), () => fault);
  }
}

const faultOf = ({ alarms }: Status): Fault | undefined =>
  alarms.includes('NOSPACE') ? { code: 'etcd-full', message: NO_SPACE } : undefined;
