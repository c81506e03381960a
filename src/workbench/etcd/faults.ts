/**
 * The faults of simulated servers on etcd: those of the network and of the servers, and those of etcd itself.
 */
import { kill, pause } from '../sim/faults/crash.ts';
import type { FaultContext, FaultKind } from '../sim/faults/fault.ts';
import { delay, duplicate, loss } from '../sim/faults/unreliable-network.ts';
import { below, pick, shuffled } from '../sim/random.ts';
import type { EtcdFaultName } from './options.ts';

/** What the nemesis can do to etcd. */
export interface EtcdControl {
  readonly memberNames: readonly string[];
  /** The name of the leader, if there is one. */
  readonly leader: string | undefined;
  killMember(name: string): void;
  restartMember(name: string): void;
  /** Cuts a member off from the others. */
  cutMember(name: string): void;
  mendMember(name: string): void;
  /** Ends the lease of a slot, if one is held. Returns the slot. */
  endLease(): string | undefined;
  /** Forgets all revisions but the latest. */
  compact(): void;
}

export const etcdFaultKinds = (control: EtcdControl): Readonly<Record<EtcdFaultName, FaultKind>> => ({
  cut: (context) => cutLinks(context, control.memberNames),
  loss,
  duplicate,
  delay,
  kill,
  pause,
  'kill-etcd': ({ random }) => {
    const killed = someMembers(random, control);
    for (const name of killed) control.killMember(name);
    return {
      description: `${killed.join(' ')} killed`,
      end: () => killed.forEach((name) => control.restartMember(name)),
    };
  },
  'cut-etcd': ({ random }) => {
    const cut = someMembers(random, control);
    for (const name of cut) control.cutMember(name);
    return {
      description: `${cut.join(' ')} without the other members`,
      end: () => cut.forEach((name) => control.mendMember(name)),
    };
  },
  'end-lease': () => ({ description: `the lease of ${control.endLease() ?? 'no slot'} ended early` }),
  compact: () => {
    control.compact();
    return { description: 'etcd compacted' };
  },
});

/** Cuts each server off from some members, in one direction or both. */
function cutLinks({ random, nodeIds }: FaultContext, members: readonly string[]): ReturnType<FaultKind> {
  const lost = new Set<string>();
  for (const nodeId of shuffled(random, nodeIds).slice(0, 1 + below(random, nodeIds.length))) {
    for (const member of shuffled(random, members).slice(0, 1 + below(random, members.length))) {
      const which = pick(random, ['both', 'requests', 'answers']);
      if (which !== 'answers') lost.add(`${nodeId} ${member}`);
      if (which !== 'requests') lost.add(`${member} ${nodeId}`);
    }
  }
  return {
    description: `cut: ${[...lost].map((link) => link.replace(' ', '→')).join(' ')}`,
    isBlocked: (src, dest) => lost.has(`${src} ${dest}`),
  };
}

/** Mostly the leader, sometimes any others, seldom all. */
function someMembers(random: FaultContext['random'], { memberNames, leader }: EtcdControl): string[] {
  const choice = random.next();
  if (choice < 0.5 && leader !== undefined) return [leader];
  return choice < 0.9
    ? shuffled(random, memberNames).slice(0, Math.max(1, memberNames.length >> 1))
    : [...memberNames];
}
