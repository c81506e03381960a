/**
 * One simulated run of servers on etcd: clients, faults, healing, the final reads, and the checker's verdict.
 */
import type { Clock } from '../../runtime/clock.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Nemesis } from '../sim/nemesis.ts';
import type { Network } from '../sim/network.ts';
import { ProcessClock } from '../sim/process-clock.ts';
import { type Streams, pick, streams } from '../sim/random.ts';
import { Reasons, environmentOf, operateAtRate } from '../sim/server-environment.ts';
import type { FinalValues, ServerRunResults } from '../sim/server-run.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';
import { judgeEtcd } from './checker.ts';
import { Clients, KEYS } from './clients.ts';
import { type EtcdControl, etcdFaultKinds } from './faults.ts';
import { type CreateFrontEnd, PREFIX } from './front-end.ts';
import type { EtcdHistory } from './history.ts';
import { Host } from './host.ts';
import { Members } from './members.ts';
import type { EtcdFaultName, EtcdOptions } from './options.ts';
import { Watcher } from './watcher.ts';

/** Runs servers on etcd in virtual time. The options, the seed among them, determine everything. */
export async function simulateEtcd(
  options: EtcdOptions,
  createFrontEnd: CreateFrontEnd,
): Promise<ServerRunResults> {
  const clock = new VirtualClock();
  return clock.run(new EtcdRun(options, clock, createFrontEnd).execute());
}

class EtcdRun implements EtcdControl {
  readonly memberNames: readonly string[];
  readonly #options: EtcdOptions;
  readonly #clock: ProcessClock;
  readonly #streams: Streams;
  readonly #network: Network;
  readonly #nemesis: Nemesis<EtcdFaultName>;
  readonly #members: Members;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #clients: Clients;
  readonly #failures: string[] = [];
  readonly #watchers = new Map<string, Watcher>();
  /** By server or member, for how many reasons it is down, or paused. */
  readonly #down = new Reasons();
  readonly #paused = new Reasons();

  constructor(options: EtcdOptions, clock: Clock, createFrontEnd: CreateFrontEnd) {
    const { seed, nodeIds, members } = options;
    this.#options = options;
    this.#clock = new ProcessClock(clock);
    this.#streams = streams(seed);
    this.memberNames = Array.from({ length: members }, (_, index) => `etcd${index}`);
    const environment = environmentOf(options, etcdFaultKinds(this), this, this.#clock, this.#streams);
    this.#network = environment.network;
    this.#nemesis = environment.nemesis;
    this.#members = new Members({
      names: this.memberNames,
      network: this.#network,
      clock: this.#clock,
      random: this.#streams('etcd'),
    });
    this.#hosts = new Map(
      nodeIds.map((name) => {
        const host = new Host({
          name,
          members: this.#members,
          endpoints: this.memberNames,
          createFrontEnd,
          network: this.#network,
          clock: this.#clock,
          streams: this.#streams,
          isBlocked: (src, dest) => this.#nemesis.isBlocked(src, dest),
          onFailure: (problem) => this.#failures.push(problem),
          onServing: (process) => this.#watchers.set(name, new Watcher(process)),
        });
        return [name, host];
      }),
    );
    this.#clients = new Clients({
      hosts: [...this.#hosts.values()],
      clock: this.#clock,
      streams: this.#streams,
    });
  }

  async execute(): Promise<ServerRunResults> {
    const { rate, timeLimitMs, recoveryTimeMs, faults } = this.#options;
    for (const host of this.#hosts.values()) host.start();
    this.#nemesis.start();
    const pace = this.#streams('workload');
    await operateAtRate(this.#clock, pace, rate, timeLimitMs, () => this.#clients.operate());
    this.#nemesis.heal();
    const isContent = await this.#within(recoveryTimeMs, () => this.#clients.areContent);
    // What is not idempotent may still be under way.
    await this.#sleep(LAST_MS);
    const final = await Promise.all([...this.#hosts.values()].map((host) => this.#finalValues(host)));
    // A watch that has broken is opened again after some time.
    await this.#within(recoveryTimeMs, () => this.#blind(final).length === 0);
    const { operations } = this.#clients;
    const history: EtcdHistory = {
      isExact: !faults.has('compact'),
      operations,
      final,
      problems: [
        ...this.#failures,
        ...this.#clients.problems,
        ...(isContent
          ? []
          : [`some requests are not answered within ${recoveryTimeMs / 1000} s after healing`]),
        ...this.#blind(final),
      ],
    };
    this.#clock.end();
    const problems = judgeEtcd(history);
    return {
      valid: problems.length === 0,
      problems,
      operations: operations.length,
      answered: operations.filter(({ answeredMs }) => answeredMs !== undefined).length,
      messages: this.#network.counts.servers,
      final,
      faults: this.#nemesis.intervals,
    };
  }

  get leader(): string | undefined {
    return this.#members.leader?.name;
  }

  kill(name: string): void {
    if (this.#down.add(name)) this.#host(name).kill();
  }

  restart(name: string): void {
    if (this.#down.remove(name)) this.#host(name).start();
  }

  pause(name: string): void {
    if (this.#paused.add(name)) this.#host(name).pause();
  }

  resume(name: string): void {
    if (this.#paused.remove(name)) this.#host(name).resume();
  }

  killMember(name: string): void {
    if (this.#down.add(name)) this.#members.kill(name);
  }

  restartMember(name: string): void {
    if (this.#down.remove(name)) this.#members.restart(name);
  }

  cutMember(name: string): void {
    this.#members.cut(name);
  }

  mendMember(name: string): void {
    this.#members.mend(name);
  }

  endLease(): string | undefined {
    const { model } = this.#members;
    const { found } = model.range({ range: `${PREFIX}live/`, rangeEnd: `${PREFIX}live0` });
    if (found.length === 0) return undefined;
    const { key, lease = '' } = pick(this.#streams('leases'), found);
    model.endLease(lease);
    return key.slice(`${PREFIX}live/`.length);
  }

  compact(): void {
    const { model } = this.#members;
    if (model.revision > model.compactRevision) model.compact(model.revision);
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`there is no server ${name}`);
    return host;
  }

  /** Waits until something holds, but not for longer. Resolves with whether it does. */
  async #within(mostMs: number, holds: () => boolean): Promise<boolean> {
    for (let ms = 0; ms < mostMs && !holds(); ms += STEP_MS) await this.#sleep(STEP_MS);
    return holds();
  }

  async #finalValues(host: Host): Promise<FinalValues> {
    const final: { values: FinalValues['values'] } = { values: undefined };
    const ask = (): void =>
      host.whenServing((store) => {
        Promise.all(KEYS.map(async (key) => [key, (await store.read(key)).value] as const)).then(
          (read) => (final.values ??= new Map(read)),
          (error: unknown) => {
            if (!(error instanceof ApiError)) throw error;
          },
        );
      });
    for (let ms = 0; ms < this.#options.recoveryTimeMs && final.values === undefined; ms += ASK_MS) {
      ask();
      await this.#sleep(ASK_MS);
    }
    return { node: host.name, ...final };
  }

  /** The watchers that do not know what the servers show. */
  #blind(final: readonly FinalValues[]): string[] {
    return final.flatMap(({ node, values = new Map<string, number>() }) => {
      const seen = this.#watchers.get(node)?.values;
      return [...values]
        .filter(([key, value]) => (seen?.get(key) ?? 0) < value)
        .map(
          ([key, value]) => `a watcher at ${node} was told ${seen?.get(key) ?? 0} of ${key}, not ${value}`,
        );
    });
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(durationMs, resolve));
  }
}

const STEP_MS = 500;
/** Longer than a server works on a request. */
const LAST_MS = 15_000;
/** How long the final reads may take before they are asked for again. */
const ASK_MS = 5000;
