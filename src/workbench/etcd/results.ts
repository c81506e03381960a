/**
 * The results of a run of servers on etcd as text for a terminal.
 */
import type { EtcdResults } from './run.ts';

const PROBLEMS_SHOWN = 10;

/** Returns the faults, the figures, the final values and the verdict, in lines. */
export function formatEtcdResults(results: EtcdResults): string {
  const { valid, problems, operations, answered, messages, faults, final } = results;
  const more = problems.length - PROBLEMS_SHOWN;
  return [
    ...faults.map(
      ({ description, fromMs, toMs }) => `${seconds(fromMs)} to ${seconds(toMs)} s  ${description}`,
    ),
    `${operations} operations, ${answered} answered, ${messages} messages between servers and etcd`,
    ...final.map(({ frontEnd, values = new Map<string, number>() }) => {
      const counters = [...values].map(([key, value]) => `${key} ${value}`);
      return `final  ${frontEnd}: ${counters.join(', ')}`;
    }),
    ...problems.slice(0, PROBLEMS_SHOWN).map((problem) => `- ${problem}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    valid
      ? 'VALID: every operation fits one order, and nothing acknowledged is lost or counted twice'
      : 'INVALID',
  ].join('\n');
}

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3).padStart(8);
