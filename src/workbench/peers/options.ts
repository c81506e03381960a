/**
 * The options of a simulated run of peers: how a seed draws them, and how a failing run is made smaller.
 */
import { latencyDistributions } from '../sim/latency.ts';
import { nodeNames } from '../sim/node-names.ts';
import { pick, streams } from '../sim/random.ts';
import { type ServerRunOptions, smallerServerRuns } from '../sim/server-run.ts';

/** The faults that `--nemesis` can name with `-w peers`. */
export const peersFaultNames = [
  'partition',
  'loss',
  'duplicate',
  'delay',
  'kill',
  'wipe',
  'pause',
  'remove',
] as const;
export type PeersFaultName = (typeof peersFaultNames)[number];

/** A run of `simulate -w peers`. */
export interface PeersOptions extends ServerRunOptions<PeersFaultName> {
  /** How much too fast or too slow clocks run at most: with 0.2, from 0.8 to 1.2 times the right speed. */
  readonly clockSkew: number;
  /** Whether clients also set lower bounds (`POST /sync`). */
  readonly hasLowerBounds: boolean;
}

/** Draws the options of one seed. */
export function drawPeersOptions(seed: number): PeersOptions {
  const random = streams(seed)('options');
  return {
    seed,
    nodeIds: nodeNames(pick(random, [2, 3, 3, 3, 5, 5, 7])),
    rate: pick(random, [10, 30, 100]),
    timeLimitMs: 20_000,
    recoveryTimeMs: 40_000,
    latencyMs: pick(random, [0, 1, 10, 50, 200]),
    latencyDistribution: pick(random, latencyDistributions),
    faults: new Set(peersFaultNames.filter(() => random.next() < 0.5)),
    nemesisIntervalMs: pick(random, [1000, 3000, 10_000]),
    clockSkew: pick(random, [0, 0.1, 0.3]),
    hasLowerBounds: random.next() < 0.3,
  };
}

/** Each way to make a run simpler, the greatest simplification first. */
export function* smallerPeersOptions(options: PeersOptions): Generator<PeersOptions> {
  const { clockSkew, hasLowerBounds } = options;
  yield* smallerServerRuns(options, 2);
  if (clockSkew > 0) yield { ...options, clockSkew: 0 };
  if (hasLowerBounds) yield { ...options, hasLowerBounds: false };
}
