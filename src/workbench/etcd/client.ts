/**
 * etcd as one simulated server sees it: the port that the shipped store asks, over the simulated network.
 */
import type { Clock } from '../../runtime/clock.ts';
import {
  type Endpoint,
  type Etcd,
  EtcdError,
  type Lease,
  type Status,
  type Txn,
  type TxnResult,
  type Watch,
  type Watching,
} from '../../store/etcd/etcd.ts';
import type { Network } from '../sim/network.ts';
import { isReadOnly } from './requests.ts';
import type { Member, Members } from './members.ts';

export interface EtcdClientOptions {
  /** The name of the server. */
  readonly name: string;
  readonly members: Members;
  readonly network: Network;
  /** The server's own, which stands still for it while it is paused. */
  readonly clock: Clock;
  /** Whether messages from one to another are lost now. */
  readonly isBlocked: (src: string, dest: string) => boolean;
  /** Whether reads are answered by the member that is asked, from what it has heard of. */
  readonly isSerializable: boolean;
}

/** How long it takes until a change is told to a watch. */
const WATCH_MS = 5;

export class EtcdClient implements Etcd {
  readonly #options: EtcdClientOptions;
  #hasEnded = false;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
  }

  /** From now on nothing is asked, and no answer arrives: the process is gone. */
  end(): void {
    this.#hasEnded = true;
  }

  txn(endpoint: Endpoint, txn: Txn, timeoutMs: number): Promise<TxnResult> {
    const { model } = this.#options.members;
    const isLocal = this.#options.isSerializable && isReadOnly(txn);
    const work = (member: Member): TxnResult =>
      isLocal ? model.staleTxn(txn, Math.max(member.revision, model.compactRevision)) : model.txn(txn);
    return this.#ask(endpoint, timeoutMs, work, isLocal);
  }

  grantLease(endpoint: Endpoint, ttlSeconds: number, timeoutMs: number): Promise<Lease> {
    return this.#ask(endpoint, timeoutMs, () => this.#options.members.model.grantLease(ttlSeconds));
  }

  keepLeaseAlive(endpoint: Endpoint, id: string, timeoutMs: number): Promise<Lease> {
    return this.#ask(endpoint, timeoutMs, () => this.#options.members.model.keepLeaseAlive(id));
  }

  revokeLease(endpoint: Endpoint, id: string, timeoutMs: number): Promise<void> {
    return this.#ask(endpoint, timeoutMs, () => this.#options.members.model.revokeLease(id));
  }

  status(endpoint: Endpoint, timeoutMs: number): Promise<Status> {
    const { members } = this.#options;
    const { model } = members;
    const work = ({ name, revision }: Member): Status => ({
      version: '3.4.23',
      revision,
      dbBytes: model.dbBytes,
      clusterId: '1',
      memberId: name,
      leaderId: members.leader?.name ?? '0',
      alarms: model.alarms,
    });
    return this.#ask(endpoint, timeoutMs, work, true);
  }

  watch(endpoint: Endpoint, watch: Watch): Watching {
    const { clock, members, name, isBlocked } = this.#options;
    let isOver = false;
    let watching: Watching | undefined;
    const cancel = (): void => {
      isOver = true;
      watching?.cancel();
    };
    const end = (error: EtcdError): void => {
      if (isOver || this.#hasEnded) return;
      cancel();
      watch.onEnd(error);
    };
    const isThere = (): boolean =>
      members.get(endpoint)?.isUp === true && !isBlocked(name, endpoint) && !isBlocked(endpoint, name);
    /** Tells the server something that has happened, in order, unless the connection breaks. */
    const later = (task: () => void): void =>
      void clock.after(WATCH_MS, () => {
        if (isOver || this.#hasEnded) return;
        if (isThere()) task();
        else end(new EtcdError('unreachable', 'the connection was closed'));
      });
    later(() => {
      watching = members.model.watch({
        ...watch,
        onChanges: (keys, revision) => later(() => watch.onChanges(keys, revision)),
        onEnd: (error) => later(() => end(error)),
      });
    });
    return { cancel };
  }

  #ask<T>(endpoint: Endpoint, timeoutMs: number, work: (member: Member) => T, isLocal = false): Promise<T> {
    const { members, clock, name } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) return;
      let isSettled = false;
      const settle = (task: () => void): void => {
        if (isSettled || this.#hasEnded) return;
        isSettled = true;
        timer.cancel();
        task();
      };
      const refuse = (error: EtcdError) => (): void => settle(() => reject(error));
      const timer = clock.after(timeoutMs, refuse(new EtcdError('timeout', 'no answer in time')));
      const apply = (member: Member): (() => void) => {
        try {
          const result = work(member);
          return () => settle(() => resolve(result));
        } catch (error) {
          if (error instanceof EtcdError) return refuse(error);
          throw error;
        }
      };
      members.ask(name, endpoint, { isLocal, apply, refuse });
    });
  }
}
