/**
 * `g-counter-workbench simulate` of servers, among peers with `-w peers` and on etcd with `-w etcd`: one simulated run, or a
 * search over many seeds.
 */
import { fold } from '../../runtime/fold.ts';
import { shippedFrontEnd } from '../../workbench/etcd/front-end.ts';
import { drawEtcdOptions, smallerEtcdOptions } from '../../workbench/etcd/options.ts';
import { simulateEtcd } from '../../workbench/etcd/run.ts';
import { drawPeersOptions, smallerPeersOptions } from '../../workbench/peers/options.ts';
import { shippedPeer } from '../../workbench/peers/peer.ts';
import { simulatePeers } from '../../workbench/peers/run.ts';
import { search } from '../../workbench/search.ts';
import {
  type ServerRunOptions,
  type ServerRunResults,
  formatServerRun,
} from '../../workbench/sim/server-run.ts';
import {
  type EtcdFlags,
  applyEtcdFlags,
  describeEtcdOptions,
  etcdDefaults,
  toEtcdFlags,
} from './etcd-options.ts';
import { unlessStopped } from './interruption.ts';
import {
  type PeersFlags,
  applyPeersFlags,
  describePeersOptions,
  peersDefaults,
  toPeersFlags,
} from './peers-options.ts';
import { type SeedRange, seedSearch } from './seed-search.ts';

/** The flags of runs of servers, as given. */
export type ServersFlags = PeersFlags & EtcdFlags;

/** Servers that are simulated, as the code below `src/workbench/` and the flags have them. */
interface SimulatedServers<Options extends ServerRunOptions> {
  readonly workload: 'peers' | 'etcd';
  readonly defaults: (seed: number) => Options;
  readonly draw: (seed: number) => Options;
  readonly smaller: (options: Options) => Iterable<Options>;
  /** Throws a UsageError. */
  readonly apply: (base: Options, flags: ServersFlags) => Options;
  readonly describe: (options: Options) => string;
  readonly toFlags: (options: Options) => string;
  readonly simulate: (options: Options) => Promise<ServerRunResults>;
  /** Those that messages are between. */
  readonly parties: string;
  /** What a valid run shows, and many valid runs. */
  readonly claim: string;
  readonly claimOfMany: string;
}

interface ServersCommand {
  /** Simulates one run and prints its results. Resolves with whether it is valid. Rejects with Interrupted. */
  once(seed: number, flags: ServersFlags, stop: AbortSignal): Promise<boolean>;
  /** Simulates many runs. Resolves with whether all are valid, as far as is known. */
  search(flags: ServersFlags, range: SeedRange): Promise<boolean | 'unknown'>;
  /** Simulates the run that a seed draws, and prints nothing. */
  seed(seed: number, flags: ServersFlags): Promise<ServerRunResults>;
}

function commandOf<Options extends ServerRunOptions>(servers: SimulatedServers<Options>): ServersCommand {
  const { workload, defaults, draw, smaller, apply, describe, toFlags, simulate } = servers;
  const show = async (options: Options, stop: AbortSignal): Promise<ServerRunResults> => {
    console.log(fold(`simulating ${describe(options)}`).join('\n'));
    const results = await unlessStopped(simulate(options), stop);
    console.log(formatServerRun(results, servers.parties, servers.claim));
    return results;
  };
  return {
    once: async (seed, flags, stop) => (await show(apply(defaults(seed), flags), stop)).valid,
    async search(flags, range) {
      // Mistakes in the flags are reported before anything runs.
      apply(defaults(range.first), flags);
      return search(seedSearch({ workload, flags }, range), {
        optionsOf: (seed) => apply(draw(seed), flags),
        describe,
        commandFor: (options) => `g-counter-workbench simulate ${toFlags(options)}`,
        smaller,
        fails: async (options) => !(await simulate(options)).valid,
        show: (options) => show(options, range.stop),
        claim: servers.claimOfMany,
      });
    },
    seed: (seed, flags) => simulate(apply(draw(seed), flags)),
  };
}

const peers = commandOf({
  workload: 'peers',
  defaults: peersDefaults,
  draw: drawPeersOptions,
  smaller: smallerPeersOptions,
  apply: applyPeersFlags,
  describe: describePeersOptions,
  toFlags: toPeersFlags,
  simulate: (options) => simulatePeers(options, shippedPeer),
  parties: 'servers',
  claim: 'all nodes agree, on exactly what was acknowledged',
  claimOfMany: 'all nodes agreed in the end, on exactly what was acknowledged',
});

const etcd = commandOf({
  workload: 'etcd',
  defaults: etcdDefaults,
  draw: drawEtcdOptions,
  smaller: smallerEtcdOptions,
  apply: applyEtcdFlags,
  describe: describeEtcdOptions,
  toFlags: toEtcdFlags,
  simulate: (options) => simulateEtcd(options, shippedFrontEnd),
  parties: 'servers and etcd',
  claim: 'every operation fits one order, and nothing acknowledged is lost or counted twice',
  claimOfMany: 'every operation fitted one order, and nothing acknowledged was lost or counted twice',
});

/** By the name of the workload. */
export const serversCommands = { peers, etcd } as const;
