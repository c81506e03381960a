/**
 * What happens to etcd and to front ends. At most one fault of etcd at a time, so that there is always a majority, but for the
 * one round that takes all of etcd away; and any number of faults of different front ends.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { type Random, drawn } from '../../src/runtime/random.ts';
import { Gateway } from '../../src/store/etcd/gateway.ts';
import { below, pick } from '../../src/workbench/sim/random.ts';
import type { EtcdCluster, EtcdMember } from '../support/etcd-cluster.ts';
import type { LinkState } from '../support/proxy.ts';
import type { Figures } from './figures.ts';
import type { FrontEnd } from './front-end.ts';

/** Longer than the lease of a slot. */
const PAST_LEASE_MS = { least: 12_000, most: 15_000 };

interface Range {
  readonly least: number;
  readonly most: number;
}

export class Faults {
  readonly #etcd: EtcdCluster;
  readonly #frontEnds: readonly FrontEnd[];
  readonly #figures: Figures;
  readonly #random: Random;
  readonly #gateway = new Gateway({});

  constructor(etcd: EtcdCluster, frontEnds: readonly FrontEnd[], figures: Figures, random: Random) {
    this.#etcd = etcd;
    this.#frontEnds = frontEnds;
    this.#figures = figures;
    this.#random = random;
  }

  /** Rounds of faults, with calm between them. Resolves when the time is over, and all is whole again. */
  async run(durationMs: number): Promise<void> {
    const startMs = performance.now();
    const passed = (): number => performance.now() - startMs;
    let hasLostAll = false;
    for (let round = 0; passed() < durationMs; round++) {
      await pass(this.#between({ least: 1000, most: 4000 }));
      // The first round is what happens most often in earnest.
      if (round === 0) await this.#killMember(await this.#leader());
      else if (!hasLostAll && passed() > durationMs / 2) {
        hasLostAll = true;
        await this.#killAll();
      } else await this.#round();
    }
    this.#gateway.close();
  }

  async #round(): Promise<void> {
    const leader = await this.#leader();
    const ofFrontEnds = below(this.#random, 3);
    const works: (() => Promise<void>)[] = [];
    if (ofFrontEnds === 0 || below(this.#random, 2) === 0) works.push(this.#ofEtcd(leader));
    const frontEnds = drawn(this.#random, this.#frontEnds, ofFrontEnds);
    const [one, other] = frontEnds;
    if (one !== undefined && other !== undefined && below(this.#random, 3) === 0) {
      works.push(() => this.#takeOver(one, other));
    } else for (const frontEnd of frontEnds) works.push(this.#ofFrontEnd(frontEnd, leader));
    await Promise.all(works.map((work) => work()));
  }

  #ofEtcd(leader: EtcdMember): () => Promise<void> {
    const member = pick(this.#random, this.#etcd.members);
    return pick(this.#random, [
      () => this.#killMember(leader),
      () => this.#killMember(member),
      () => this.#stopMember(leader),
      () => this.#stopMember(member),
      () => this.#stutter(member),
    ]);
  }

  #ofFrontEnd(frontEnd: FrontEnd, leader: EtcdMember): () => Promise<void> {
    const all = this.#etcd.members.map((_, index) => index);
    return pick(this.#random, [
      () => this.#killFrontEnd(frontEnd),
      () => this.#stopFrontEnd(frontEnd),
      () => this.#cut(frontEnd, 'all of etcd', all),
      () => this.#cut(frontEnd, 'the leader', [this.#etcd.members.indexOf(leader)]),
      () => this.#cut(frontEnd, 'one member', [pick(this.#random, all)]),
    ]);
  }

  #killMember(member: EtcdMember): Promise<void> {
    return this.#figures.during('kill -9 of an etcd member', `${member.name} is killed`, async () => {
      await member.kill();
      await pass(this.#between({ least: 500, most: 8000 }));
      await member.start();
    });
  }

  #killAll(): Promise<void> {
    return this.#figures.during('kill -9 of all etcd members', 'all of etcd is killed', async () => {
      await Promise.all(this.#etcd.members.map((member) => member.kill()));
      await pass(this.#between({ least: 1000, most: 5000 }));
      await Promise.all(this.#etcd.members.map((member) => member.start()));
    });
  }

  #stopMember({ name, pid }: EtcdMember): Promise<void> {
    return this.#figures.during('SIGSTOP of an etcd member', `${name} stands still`, async () => {
      if (pid === undefined) return;
      process.kill(pid, 'SIGSTOP');
      await pass(this.#between({ least: 1000, most: 10_000 }));
      process.kill(pid, 'SIGCONT');
    });
  }

  /** Stops that are too short for anybody to leave it: what waits for it is answered by one that has missed something. */
  #stutter({ name, pid }: EtcdMember): Promise<void> {
    return this.#figures.during('an etcd member that stutters', `${name} stutters`, async () => {
      if (pid === undefined) return;
      for (let times = 0; times < 10; times++) {
        process.kill(pid, 'SIGSTOP');
        await pass(this.#between({ least: 300, most: 900 }));
        process.kill(pid, 'SIGCONT');
        await pass(this.#between({ least: 50, most: 500 }));
      }
    });
  }

  #killFrontEnd(frontEnd: FrontEnd): Promise<void> {
    return this.#figures.during('kill -9 of a front end', `${frontEnd.name} is killed`, async () => {
      await frontEnd.kill();
      await pass(this.#between({ least: 0, most: 13_000 }));
      await frontEnd.start();
    });
  }

  #stopFrontEnd(frontEnd: FrontEnd): Promise<void> {
    const kind = 'SIGSTOP of a front end past its lease';
    return this.#figures.during(kind, `${frontEnd.name} stands still`, async () => {
      frontEnd.stop();
      await pass(this.#between(PAST_LEASE_MS));
      frontEnd.goOn();
    });
  }

  /** One stands still until another starts anew, and may take its slot. */
  #takeOver(one: FrontEnd, other: FrontEnd): Promise<void> {
    const what = `${one.name} stands still, until ${other.name} starts anew`;
    return this.#figures.during('a front end that stands still until another starts anew', what, async () => {
      one.stop();
      await pass(this.#between(PAST_LEASE_MS));
      await other.kill();
      await other.start();
      one.goOn();
    });
  }

  #cut(frontEnd: FrontEnd, fromWhom: string, members: readonly number[]): Promise<void> {
    const state: LinkState = pick(this.#random, ['cut', 'mute', 'late']);
    const duration = below(this.#random, 2) === 0 ? { least: 500, most: 6000 } : PAST_LEASE_MS;
    const what = `the links of ${frontEnd.name} to ${fromWhom} are ${state}`;
    return this.#figures.during(`links of a front end to ${fromWhom} ${state}`, what, async () => {
      frontEnd.setLinks(members, state);
      await pass(this.#between(duration));
      frontEnd.setLinks(members, 'whole');
    });
  }

  /** Asks the members until one of them is the leader. */
  async #leader(): Promise<EtcdMember> {
    for (;;) {
      for (const member of this.#etcd.members) {
        const status = await this.#gateway.status(member.endpoint, 1000).catch(() => undefined);
        if (status !== undefined && status.leaderId === status.memberId) return member;
      }
      await pass(100);
    }
  }

  #between({ least, most }: Range): number {
    return least + this.#random.next() * (most - least);
  }
}
