/**
 * The results of a run of peers as text for a terminal.
 */
import type { PeersResults } from './run.ts';

const PROBLEMS_SHOWN = 10;

/** Returns the faults, the figures, the final values and the verdict, in lines. */
export function formatPeersResults(results: PeersResults): string {
  const { valid, problems, operations, answered, messages, faults, final } = results;
  const more = problems.length - PROBLEMS_SHOWN;
  return [
    ...faults.map(
      ({ description, fromMs, toMs }) => `${seconds(fromMs)} to ${seconds(toMs)} s  ${description}`,
    ),
    `${operations} operations, ${answered} answered, ${messages} messages between servers`,
    ...final.map(({ node, values }) => {
      const counters = [...values].map(([key, value]) => `${key} ${value}`);
      return `final  ${node}: ${counters.join(', ')}`;
    }),
    ...problems.slice(0, PROBLEMS_SHOWN).map((problem) => `- ${problem}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    valid ? 'VALID: all nodes agree, on exactly what was acknowledged' : 'INVALID',
  ].join('\n');
}

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3).padStart(8);
