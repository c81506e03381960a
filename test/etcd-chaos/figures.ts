/** What is told of a run: how much was acknowledged and how fast, and with which faults nothing was for how long. */

import { latencies } from '../bench/median.ts';

const TIMER_MS = 20;

/** Latencies, and how many of them. */
class Latencies {
  readonly #allMs: number[] = [];
  #told = 0;
  #longestMs = 0;

  add(durationMs: number): void {
    this.#allMs.push(durationMs);
    this.#longestMs = Math.max(this.#longestMs, durationMs);
  }

  get count(): number {
    return this.#allMs.length;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  /** Those since the last call of this. */
  latest(): number[] {
    const latest = this.#allMs.slice(this.#told);
    this.#told = this.#allMs.length;
    return latest;
  }

  toString(): string {
    const { p50Ms, p99Ms } = latencies(this.#allMs);
    return `p50 ${millis(p50Ms)}, p99 ${millis(p99Ms)}, longest ${millis(this.#longestMs)}`;
  }
}

interface Fault {
  count: number;
  stallMs: number;
}

export class Figures {
  readonly #startMs = performance.now();
  readonly #increments = new Latencies();
  readonly #reads = new Latencies();
  readonly #counts = new Map<string, number>();
  /** By kind: how often there was such a fault, and the longest stall with it. */
  readonly #faults = new Map<string, Fault>();
  readonly #active = new Set<{ readonly kind: string; readonly what: string }>();
  /** The kinds of faults that there were since the latest acknowledgement. */
  #kinds = new Set<string>();
  #acknowledgedMs = this.#startMs;
  #toldMs = this.#startMs;
  #stall = { durationMs: 0, with: 'no fault' };
  /** How late a timer was, at most: what this machine has too little of, servers have too little of as well. */
  #latestTimerMs = 0;

  acknowledged(durationMs: number): void {
    this.#increments.add(durationMs);
    const nowMs = performance.now();
    this.#endStall(nowMs - this.#acknowledgedMs);
    this.#acknowledgedMs = nowMs;
  }

  read(durationMs: number): void {
    this.#reads.add(durationMs);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** Notes a fault as long as it goes on. */
  async during(kind: string, what: string, work: () => Promise<void>): Promise<void> {
    const fault = this.#faults.get(kind) ?? { count: 0, stallMs: 0 };
    fault.count++;
    this.#faults.set(kind, fault);
    const active = { kind, what };
    this.#active.add(active);
    this.#kinds.add(kind);
    await work();
    this.#active.delete(active);
  }

  /** Looks how busy this machine is, until it is told to stop. */
  watchMachine(): () => void {
    let dueMs = performance.now() + TIMER_MS;
    const timer = setInterval(() => {
      this.#latestTimerMs = Math.max(this.#latestTimerMs, performance.now() - dueMs);
      dueMs = performance.now() + TIMER_MS;
    }, TIMER_MS);
    return () => clearInterval(timer);
  }

  /** What has been since this was asked the last time. */
  progress(): string {
    const nowMs = performance.now();
    const latest = this.#increments.latest();
    const perSecond = Math.round((latest.length * 1000) / (nowMs - this.#toldMs));
    this.#toldMs = nowMs;
    const latestTimerMs = this.#latestTimerMs;
    this.#latestTimerMs = 0;
    return [
      `${Math.round((nowMs - this.#startMs) / 1000)} s: ${perSecond} acknowledged/s`,
      `p99 ${millis(latencies(latest).p99Ms)}`,
      `longest stall ${millis(Math.max(this.#stall.durationMs, nowMs - this.#acknowledgedMs))}`,
      `longest increment ${millis(this.#increments.longestMs)}`,
      `timers up to ${millis(latestTimerMs)} late`,
      [...this.#active].map(({ what }) => what).join(' + ') || 'no fault',
    ].join(', ');
  }

  summary(): string[] {
    const { count } = this.#increments;
    return [
      `${count} requests of increments, ${this.#reads.count} reads`,
      `increments: ${this.#increments.toString()}`,
      `reads: ${this.#reads.toString()}`,
      `longest stall: ${millis(this.#stall.durationMs)}, with ${this.#stall.with}`,
      ...[...this.#faults].map(
        ([kind, { count: times, stallMs }]) => `${times} x ${kind}, longest stall ${millis(stallMs)}`,
      ),
      ...[...this.#counts].toSorted(byName).map(([what, times]) => `${times} x ${what}`),
    ];
  }

  #endStall(durationMs: number): void {
    if (durationMs > this.#stall.durationMs) {
      this.#stall = { durationMs, with: [...this.#kinds].join(', ') || 'no fault' };
    }
    for (const kind of this.#kinds) {
      const fault = this.#faults.get(kind);
      if (fault !== undefined) fault.stallMs = Math.max(fault.stallMs, durationMs);
    }
    this.#kinds = new Set([...this.#active].map(({ kind }) => kind));
  }
}

const byName = ([one]: readonly [string, number], [other]: readonly [string, number]): number =>
  one < other ? -1 : 1;

/** There is no latency of nothing. */
const millis = (durationMs: number): string =>
  Number.isNaN(durationMs) ? '-' : `${Math.round(durationMs)} ms`;
