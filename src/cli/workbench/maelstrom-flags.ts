/**
 * Flags of Maelstrom's `test` beyond those that `simulate` has too: which nodes there are, and flags that have no meaning
 * here. The latter are accepted all the same, so that a command line written for Maelstrom runs unchanged.
 */
import { isClient } from '../../workbench/sim/network.ts';
import { nodeNames } from '../../workbench/sim/node-names.ts';
import type { RunOptions } from '../../workbench/nodes/options.ts';
import { UsageError, choiceFrom, numberFrom, textFrom } from '../arguments.ts';
import {
  type RunFlags,
  maelstromDefaults,
  maelstromRanges,
  optionsOfOneRun,
  runOptionSpecs,
} from './run-options.ts';

const nodeSpecs = {
  node: { type: 'string', short: 'n', multiple: true },
  nodes: { type: 'string' },
  'nodes-file': { type: 'string' },
} as const;

export const nodesHelp = `  --nodes NAMES            names of nodes, comma-separated
  -n, --node NAME          the name of a node; may be given several times
  --nodes-file FILE        a file with names of nodes, one a line
                           (all of these add up; --node-count replaces --nodes)`;

/** Flags that name nodes, as given. */
export interface NodeFlags {
  readonly 'node-count'?: string | undefined;
  readonly node?: string[] | undefined;
  readonly nodes?: string | undefined;
  readonly 'nodes-file'?: string | undefined;
}

const MAX_NODES = 1000;

/**
 * Returns the names of the nodes, put together as Jepsen does it: those of --nodes-file, then those of --nodes or in their
 * place --node-count, then those of --node. Throws a UsageError.
 */
export function nodeIdsFrom(flags: NodeFlags): readonly string[] {
  const { 'node-count': count, node, nodes, 'nodes-file': file } = flags;
  const counted =
    count === undefined
      ? undefined
      : nodeNames(numberFrom('node-count', count, { min: 1, max: MAX_NODES, integer: true }));
  const named = [
    ...(file === undefined ? [] : split(textFrom('nodes-file', file), /\s*\n\s*/)),
    ...(counted ?? (nodes === undefined ? [] : split(nodes, /,\s*/))),
    ...(node ?? []),
  ];
  const isGiven = [count, node, nodes, file].some((value) => value !== undefined);
  const nodeIds = isGiven ? named : maelstromDefaults(0).nodeIds;
  if (nodeIds.length === 0) throw new UsageError('no node is named');
  if (nodeIds.length > MAX_NODES) throw new UsageError(`${nodeIds.length} nodes are more than ${MAX_NODES}`);
  const seen = new Set<string>();
  for (const nodeId of nodeIds) {
    const fault = nameFault(nodeId) ?? (seen.has(nodeId) ? 'is the name of two nodes' : undefined);
    if (fault !== undefined) throw new UsageError(`'${nodeId}' ${fault}`);
    seen.add(nodeId);
  }
  return nodeIds;
}

/** Splits a list. What is empty at its end does not count. */
const split = (list: string, separator: RegExp): string[] => list.replace(/[\s,]+$/, '').split(separator);

/** A node has a log file under its name, and must not be mistaken for a client or a service. */
function nameFault(name: string): string | undefined {
  if (!/^[\w.:-]{1,100}$/.test(name) || /^\.+$/.test(name)) return 'cannot be the name of a node';
  if (isClient(name)) return 'is the name of a client, not of a node';
  if (/^(?:seq|lin|lww)-kv$|^lin-tso$/.test(name)) return 'is the name of a service, not of a node';
  return undefined;
}

const meaninglessSpecs = {
  'consistency-models': { type: 'string' },
  'key-count': { type: 'string' },
  'leave-db-running': { type: 'boolean' },
  'logging-json': { type: 'boolean' },
  'max-txn-length': { type: 'string' },
  'max-writes-per-key': { type: 'string' },
  'no-ssh': { type: 'boolean' },
  password: { type: 'string' },
  'ssh-private-key': { type: 'string' },
  'strict-host-key-checking': { type: 'boolean' },
  topology: { type: 'string' },
  username: { type: 'string' },
} as const;

export const meaninglessHelp = `Flags of Maelstrom's that are accepted and have no meaning here:
  --consistency-models, --key-count, --leave-db-running, --logging-json,
  --max-txn-length, --max-writes-per-key, --no-ssh, --password,
  --ssh-private-key, --strict-host-key-checking, --topology, --username`;

const TOPOLOGIES = ['grid', 'line', 'total', 'tree', 'tree2', 'tree3', 'tree4'] as const;

const positive = (flag: string, text: string) =>
  numberFrom(flag, text, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });

/** How Maelstrom checks the values of these flags, where it does. */
const checks = new Map<string, (flag: string, text: string) => unknown>([
  ['key-count', positive],
  ['max-txn-length', positive],
  ['max-writes-per-key', positive],
  ['topology', (flag, text) => choiceFrom(flag, text, TOPOLOGIES)],
]);

/** Returns which flags are given that have no meaning here. Throws a UsageError if Maelstrom would refuse their values. */
export function meaninglessFrom(flags: object): string[] {
  const given = Object.entries(flags).filter(
    ([flag, value]) => flag in meaninglessSpecs && value !== undefined,
  );
  for (const [flag, value] of given) checks.get(flag)?.(flag, String(value));
  return given.map(([flag]) => `--${flag}`);
}

/** The flags that `test` and `compare` share, Maelstrom's among them. */
export const maelstromSpecs = { ...runOptionSpecs, ...nodeSpecs, ...meaninglessSpecs } as const;

/** Returns Maelstrom's defaults, changed by the flags that are given. Throws a UsageError for what Maelstrom refuses. */
export function maelstromOptions(seed: number, flags: RunFlags & NodeFlags): RunOptions {
  const { 'node-count': _, ...others } = flags;
  const { nemesis } = flags;
  const names = nemesis?.replace(/[\s,]+$/, '').split(',') ?? [];
  if (names.some((name) => name.trim() === '')) {
    throw new UsageError(`--nemesis takes names of faults, not '${nemesis}'`);
  }
  const nodeIds = nodeIdsFrom(flags);
  const base = { ...maelstromDefaults(seed), nodeIds, concurrency: nodeIds.length };
  return optionsOfOneRun(base, others, maelstromRanges);
}
