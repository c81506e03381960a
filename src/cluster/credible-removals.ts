/**
 * Which removals of a peer are taken: not those dated far ahead of the clock here, which no operator could overrule for as
 * long. Those are said once, since gossip repeats them.
 */
import type { Log } from '../runtime/log.ts';
import type { Address } from './address.ts';
import { MAX_REMOVALS, type Removals, isFarAhead } from './removals.ts';

const HOUR_MS = 3_600_000;

/** Returns a function that leaves out of a peer's removals those that are not credible at `nowMs`, and logs them. */
export function credibleRemovals(log: Log) {
  /** The versions that were refused last, by node id. */
  const refused = new Map<string, number>();
  return (removals: Removals, nowMs: number, from: Address): Removals => {
    const credible = new Map(removals);
    for (const [id, removal] of removals) {
      if (!isFarAhead(removal, nowMs)) continue;
      credible.delete(id);
      const { version, removed } = removal;
      if (refused.get(id) === version) continue;
      if (refused.size >= MAX_REMOVALS) refused.clear();
      refused.set(id, version);
      const ahead = `${Math.floor((version - nowMs) / HOUR_MS)} h ahead of the clock here`;
      log(
        `the ${removed ? 'removal' : 'registration'} of '${id}' that ${from} sends is ignored: it is dated ${ahead}, so one of the clocks is wrong`,
      );
    }
    return credible;
  };
}
