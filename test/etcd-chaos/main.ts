/**
 * Servers on etcd in chaos: `npm run test:etcd -- [SECONDS] [SEED]`, 60 s and a new seed by default. Three members of etcd and
 * three front ends, as processes, serve 64 clients, while members and front ends are killed, stand still, and are cut off
 * from each other. Each read must show all that was acknowledged before it and nothing that was not asked for, a retry must
 * get the answer that there was, and in the end each counter must be exact. Exits with 0 if so, and with 1 as soon as it is not.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { parseJson } from '../../src/runtime/json.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import { EtcdCluster } from '../support/etcd-cluster.ts';
import { hasEtcd } from '../support/etcd-process.ts';
import { numberFrom, objectFrom } from '../support/json.ts';
import { stopServers } from '../support/server-process.ts';
import { ask } from './ask.ts';
import { Client, KEYS, PLAIN_KEYS } from './client.ts';
import { Faults } from './faults.ts';
import { Figures } from './figures.ts';
import { FrontEnd } from './front-end.ts';
import { Ledger, Violation } from './ledger.ts';
import { Watchdog } from './watchdog.ts';

const MEMBERS = 3;
const FRONT_ENDS = ['front end 1', 'front end 2', 'front end 3'];
const CLIENTS = 64;
const PROGRESS_MS = 5000;
/** How long clients may wait for their last answers when all is whole again. */
const PATIENCE_MS = 60_000;
/** As operators are told to start it. */
const ETCD_ARGUMENTS = ['--auto-compaction-retention=5m', '--logger=zap', '--log-level=error'];

/** Throws a Violation if a counter is not exact; or, if nothing tells of some increments whether they count, between the two. */
async function checkExact(frontEnds: readonly FrontEnd[], ledger: Ledger): Promise<void> {
  for (const { name, port } of frontEnds) {
    for (const key of ledger.keys) {
      const { status, body } = await ask(port, { method: 'GET', path: `/counter/${key}` }, PATIENCE_MS);
      if (status !== 200) throw new Violation(`${name} does not tell ${key}: ${body}`);
      const value = numberFrom(objectFrom(parseJson(body))['value']);
      const [least, most] = [ledger.acknowledged(key), ledger.asked(key)];
      if (value < least || value > most) {
        throw new Violation(`in the end, ${key} is ${value} at ${name}, and should be ${least} to ${most}`);
      }
    }
  }
}

/** Rejects if the work takes longer than it should. */
async function within<T>(work: Promise<T>, durationMs: number, what: string): Promise<T> {
  const giveUp = new AbortController();
  const late = pass(durationMs, undefined, { signal: giveUp.signal }).then(() => {
    throw new Violation(what);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    giveUp.abort();
    late.catch(() => {});
  }
}

async function chaos(etcd: EtcdCluster, durationMs: number, seed: number): Promise<string[]> {
  const frontEnds = await Promise.all(FRONT_ENDS.map((name) => FrontEnd.open(name, etcd)));
  const random = streams(seed);
  const ledger = new Ledger([...KEYS, ...PLAIN_KEYS]);
  const figures = new Figures();
  const watchdog = new Watchdog(frontEnds);
  let isOver = false;
  const progress = setInterval(() => console.log(figures.progress()), PROGRESS_MS);
  const unwatch = figures.watchMachine();
  try {
    const work = Promise.all([
      ...Array.from({ length: CLIENTS }, (_, n) =>
        new Client(`client-${n}`, frontEnds, ledger, figures, random(`client ${n}`)).run(() => isOver),
      ),
      watchdog.run(() => isOver),
    ]);
    const faults = new Faults(etcd, frontEnds, figures, random('faults')).run(durationMs);
    // Clients end before the faults only by a violation.
    await Promise.race([faults, work]);
    isOver = true;
    await within(work, PATIENCE_MS, 'there is no answer to some requests, although all is whole again');
  } finally {
    clearInterval(progress);
    unwatch();
  }
  await checkExact(frontEnds, ledger);
  await Promise.all(frontEnds.map((frontEnd) => frontEnd.end()));
  const said = frontEnds.flatMap(({ name, said: lines }) =>
    [...lines].map(([line, count]) => `${name} said ${count} x ${line}`),
  );
  return [...figures.summary(), ...watchdog.summary(), ...said];
}

async function main(seconds = 60, seed = Math.floor(Math.random() * 2 ** 31)): Promise<void> {
  if (!hasEtcd) {
    console.error(
      'this needs etcd: install etcd-server (Debian) or https://github.com/etcd-io/etcd/releases',
    );
    process.exitCode = 1;
    return;
  }
  console.log(`seed ${seed}, ${seconds} s`);
  const etcd = await EtcdCluster.start(MEMBERS, ...ETCD_ARGUMENTS);
  const kill = (): void => etcd.pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
  process.once('exit', kill);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    for (const line of await chaos(etcd, seconds * 1000, seed)) console.log(line);
    console.log(`VALID: each counter is exact (seed ${seed})`);
  } catch (error) {
    console.error(error);
    console.error(`INVALID: npm run test:etcd -- ${seconds} ${seed}`);
    process.exitCode = 1;
  } finally {
    await etcd.stop();
    await stopServers();
  }
  process.exit();
}

const [seconds, seed] = process.argv.slice(2).map(Number);
void main(seconds, seed);
