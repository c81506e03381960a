/**
 * A closed loop: so many requests at once, each followed by the next one as soon as it is answered; and what that costs the
 * processor, in this process and in those that are asked.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pass } from 'node:timers/promises';
import { latencies, median } from './median.ts';
import { round as whole } from './server-process.ts';

export interface ClosedLoop {
  readonly atOnce: number;
  readonly durationMs: number;
  /** The processes that are asked. */
  readonly pids: readonly number[];
  /** Does the n-th request. */
  readonly request: (n: number) => Promise<unknown> | undefined;
}

export interface Figures {
  /** All that were made, with those that were answered after the duration. */
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the processor, per request, in microseconds. */
  readonly engineUs: number;
  /** The same of this process, which makes the requests too. */
  readonly ownUs: number;
}

/** Measures what is answered within the duration, and waits for the rest. */
export async function closedLoop({ atOnce, durationMs, pids, request }: ClosedLoop): Promise<Figures> {
  let sent = 0;
  const latenciesMs: number[] = [];
  const engineBeforeUs = processorUs(pids);
  const ownBefore = process.cpuUsage();
  const startMs = performance.now();
  const drive = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < startMs + durationMs;) {
      await request(sent++);
      const answeredMs = performance.now();
      latenciesMs.push(answeredMs - nowMs);
      nowMs = answeredMs;
    }
  };
  const all = Promise.all(Array.from({ length: atOnce }, drive));
  await Promise.race([pass(durationMs), all]);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(ownBefore);
  const engineUs = processorUs(pids) - engineBeforeUs;
  const inTime = latenciesMs.length;
  // Slow requests are among the latencies, too.
  await all;
  return {
    requests: sent,
    perSecond: inTime / seconds,
    ...latencies(latenciesMs),
    engineUs: engineUs / inTime,
    ownUs: (user + system) / inTime,
  };
}

/** Linux counts the time of processes in ticks of 10 ms for all who ask. */
const TICK_US = 10_000;

/** The time that processes have had of the processor, in microseconds; 0 where there is no /proc. */
export function processorUs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    } catch {
      continue;
    }
    // The name of the program, in brackets, may contain spaces. What follows it begins with the third field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_US;
}

/** The median of each figure over the rounds. */
export function medians(rounds: readonly Figures[]): Figures {
  const of = (figure: keyof Figures): number => median(rounds.map((round) => round[figure]));
  return {
    requests: of('requests'),
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    engineUs: of('engineUs'),
    ownUs: of('ownUs'),
  };
}

/** How many times as fast `one` was as `other`: the median over rounds in which both took turns. */
export const ratio = (one: readonly Figures[], other: readonly Figures[]): number =>
  median(one.map((figures, round) => figures.perSecond / (other[round]?.perSecond ?? NaN)));

export const figuresText = ({ perSecond, p50Ms, p99Ms, engineUs, ownUs }: Figures): string =>
  [
    `${whole(perSecond)}/s`,
    `p50 ${p50Ms.toFixed(1)} ms`,
    `p99 ${p99Ms.toFixed(1)} ms`,
    `CPU ${whole(engineUs)} us there`,
    `${whole(ownUs)} us here`,
  ].join(', ');
