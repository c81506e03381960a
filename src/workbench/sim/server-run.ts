/**
 * What simulated runs of servers have in common, among peers and on etcd: their options, how a failing run is made smaller, and
 * what a run comes to.
 */
import type { FaultInterval } from './active-faults.ts';
import type { LatencyDistribution } from './latency.ts';

export interface ServerRunOptions<Fault extends string = string> {
  /** Determines every random choice of the run. */
  readonly seed: number;
  /** The names of the servers. */
  readonly nodeIds: readonly string[];
  /** Operations per second, of all clients together. */
  readonly rate: number;
  readonly timeLimitMs: number;
  /** How long there is to recover between healing and the final reads. */
  readonly recoveryTimeMs: number;
  /** Mean one-way latency. */
  readonly latencyMs: number;
  readonly latencyDistribution: LatencyDistribution;
  readonly faults: ReadonlySet<Fault>;
  readonly nemesisIntervalMs: number;
}

/** Each way to make a run simpler, the greatest simplification first, with at least so many servers. */
export function* smallerServerRuns<Options extends ServerRunOptions>(
  options: Options,
  leastServers: number,
): Generator<Options> {
  const { nodeIds, rate, timeLimitMs, faults, latencyMs } = options;
  if (faults.size > 1) yield { ...options, faults: new Set() };
  for (const fault of faults) {
    yield { ...options, faults: new Set([...faults].filter((other) => other !== fault)) };
  }
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 4 };
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 2 };
  if (nodeIds.length > leastServers) yield { ...options, nodeIds: nodeIds.slice(0, -1) };
  if (rate > 2) yield { ...options, rate: rate / 2 };
  if (latencyMs > 0) yield { ...options, latencyMs: 0 };
}

/** What a server shows at the end of a run. */
export interface FinalValues {
  readonly node: string;
  /** By counter; undefined if it did not answer. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** The outcome of a run. */
export interface ServerRunResults {
  readonly valid: boolean;
  /** Why it is not valid, one sentence each. */
  readonly problems: readonly string[];
  readonly operations: number;
  readonly answered: number;
  /** Those that are not to or from clients. */
  readonly messages: number;
  readonly final: readonly FinalValues[];
  readonly faults: readonly FaultInterval[];
}

const PROBLEMS_SHOWN = 10;

/**
 * Returns the faults, the figures, the final values and the verdict as lines for a terminal. `parties` are those that messages
 * are between, `claim` what a valid run shows.
 */
export function formatServerRun(results: ServerRunResults, parties: string, claim: string): string {
  const { valid, problems, operations, answered, messages, faults, final } = results;
  const more = problems.length - PROBLEMS_SHOWN;
  return [
    ...faults.map(
      ({ description, fromMs, toMs }) => `${seconds(fromMs)} to ${seconds(toMs)} s  ${description}`,
    ),
    `${operations} operations, ${answered} answered, ${messages} messages between ${parties}`,
    ...final.map(({ node, values = new Map<string, number>() }) => {
      const counters = [...values].map(([key, value]) => `${key} ${value}`);
      return `final  ${node}: ${counters.join(', ')}`;
    }),
    ...problems.slice(0, PROBLEMS_SHOWN).map((problem) => `- ${problem}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    valid ? `VALID: ${claim}` : 'INVALID',
  ].join('\n');
}

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3).padStart(8);
