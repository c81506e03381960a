/** The server on a real etcd that is full, ends, takes leases away, asks for a password, or is not there yet. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { EtcdCluster } from '../../support/etcd-cluster.ts';
import { etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { type EtcdUnderTest, maintain, realEtcdUnderTest } from '../../support/etcd-under-test.ts';
import { eventually, until } from '../../support/eventually.ts';
import { objectFrom } from '../../support/json.ts';
import { Proxy } from '../../support/proxy.ts';
import { ServerProcess, stopServers, temporaryDirectory } from '../../support/server-process.ts';

const PREFIX = 'counters';
const stops: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  await stopServers();
  for (const stop of stops.splice(0)) await stop();
});

async function startEtcd(settings?: { readonly quotaBytes: number }): Promise<EtcdUnderTest> {
  const etcd = await realEtcdUnderTest(settings);
  stops.push(() => etcd.stop());
  return etcd;
}

/** A server on some members of etcd, that may not serve yet. */
const serverOn = (endpoints: readonly string[], ...args: readonly string[]): ServerProcess =>
  new ServerProcess({
    isBare: true,
    args: ['--port', '0', '--store', `etcd://${endpoints.join()}/${PREFIX}`, ...args],
  });

const valueOf = async (server: ServerProcess, key: string): Promise<number> => (await server.read(key)).value;

/** What a server has said, of what begins so. */
const saidBy = ({ notes }: ServerProcess, beginning: string): string[] =>
  notes.map(({ message }) => String(message)).filter((message) => message.startsWith(beginning));

/** Increments until that is acknowledged. */
const incrementOnce = (server: ServerProcess, key: string, id: string): Promise<number> =>
  eventually(() => server.increment(key, 1, { 'idempotency-key': id }));

const statusOf = async (server: ServerProcess): Promise<unknown[]> => {
  const { status, body } = await server.get('/health');
  return [status, objectFrom(parseJson(body))['status']];
};

describe.skipIf(!hasEtcd)(`a server on etcd${etcdSuffix}`, () => {
  test('says that etcd is full, shows what is counted, and counts on when there is space again', async () => {
    const etcd = await startEtcd({ quotaBytes: 4_000_000 });
    const server = await serverOn([etcd.endpoint]).serving();
    expect(await server.increment('likes', 5)).toBe(5);
    // What others have put there, again and again.
    const garbage = { put: 'garbage', value: 'x'.repeat(1_000_000) };
    const fill = { compare: [], success: [garbage], failure: [] };
    await until(() =>
      etcd.etcd.txn(etcd.endpoint, fill, 5000).then(
        () => false,
        () => true,
      ),
    );

    const refused = await server.post('/counter/incr/likes', { amount: 1 }, { 'idempotency-key': 'full' });
    expect(refused.status).toBe(503);
    expect(objectFrom(parseJson(refused.body))['error']).toEqual({
      code: 'no_space',
      message:
        'etcd has no space left (alarm NOSPACE): compact it, defragment its members, and disarm the alarm',
    });
    expect(await valueOf(server, 'likes')).toBe(5);
    await eventually(async () => expect(await statusOf(server)).toEqual([503, 'etcd-full']));

    const { revision } = await etcd.etcd.status(etcd.endpoint, 5000);
    await etcd.compact(revision);
    await etcd.defragment();
    await etcd.disarm();
    await incrementOnce(server, 'likes', 'full');
    expect(await valueOf(server, 'likes')).toBe(6);
    await eventually(async () => expect(await statusOf(server)).toEqual([200, 'ok']));
  });

  test('goes on by itself when all of etcd was killed and runs again, and is exact', async () => {
    const etcd = await EtcdCluster.start(3);
    stops.push(() => etcd.stop());
    const server = await serverOn(etcd.endpoints).serving();
    let sent = 0;
    const client = async (n: number): Promise<void> => {
      for (let count = 0; count < 20; count++) {
        sent++;
        await incrementOnce(server, 'likes', `${n}-${count}`);
      }
    };
    const clients = Promise.all(Array.from({ length: 8 }, (_, n) => client(n)));
    await until(() => sent > 40);
    await Promise.all(etcd.members.map((member) => member.kill()));
    await eventually(async () => expect(await statusOf(server)).toEqual([503, 'etcd-unavailable']));
    await Promise.all(etcd.members.map((member) => member.start()));
    await clients;
    expect(await valueOf(server, 'likes')).toBe(8 * 20);
    await eventually(async () => expect(await statusOf(server)).toEqual([200, 'ok']));
  });

  test('writes nothing under a claim that it has lost while it stood still, and says so', async () => {
    const { etcd, endpoint } = await startEtcd();
    const server = await serverOn([endpoint]).serving();
    const leaseOf = async (slot: string): Promise<string | undefined> => {
      const success = [{ range: `${PREFIX}/live/${slot}` }];
      const { results } = await etcd.txn(endpoint, { compare: [], success, failure: [] }, 5000);
      return results[0]?.found[0]?.lease;
    };
    expect(await server.increment('likes')).toBe(1);
    process.kill(server.pid, 'SIGSTOP');
    const lateOnes = Array.from({ length: 20 }, (_, n) => incrementOnce(server, 'likes', `late-${n}`));
    await etcd.revokeLease(endpoint, (await leaseOf('node-1')) ?? '', 5000);
    const other = await serverOn([endpoint]).serving();
    expect((await other.read('likes')).nodes).toEqual(new Map([['node-1', 1]]));
    expect(await other.increment('likes')).toBe(2);
    process.kill(server.pid, 'SIGCONT');
    await Promise.all(lateOnes);

    for (const each of [server, other]) {
      // The slot has one owner: what the first one had counted, and what the other one has.
      expect((await each.read('likes')).nodes).toEqual(
        new Map([
          ['node-1', 2],
          ['node-2', 20],
        ]),
      );
    }
    expect(saidBy(server, 'the claim of ')).toHaveLength(1);
    expect(saidBy(server, 'counting under ')).toEqual(['counting under node-1', 'counting under node-2']);
    expect(saidBy(other, 'counting under ')).toEqual(['counting under node-1']);
  });

  test('ends with one line where its password is wrong, and serves with the right one', async () => {
    const { endpoint } = await startEtcd();
    await maintain(endpoint, 'auth/user/add', { name: 'root', password: 'secret' });
    await maintain(endpoint, 'auth/role/add', { name: 'root' });
    await maintain(endpoint, 'auth/user/grant', { user: 'root', role: 'root' });
    await maintain(endpoint, 'auth/enable', {});
    const userFile = (user: string): string => {
      const path = join(temporaryDirectory(), 'user');
      writeFileSync(path, `${user}\n`);
      return path;
    };
    for (const args of [[], ['--etcd-user-file', userFile('root:wrong')]]) {
      const refused = serverOn([endpoint], ...args);
      expect((await refused.exit).status).toBe(1);
      const errors = refused.notes.filter(({ level }) => level === 'error');
      expect(errors.map(({ message }) => message)).toEqual([
        expect.stringMatching(new RegExp(`^etcd at ${endpoint} refuses: .*; see --etcd-user-file$`)),
      ]);
    }
    const server = await serverOn([endpoint], '--etcd-user-file', userFile('root:secret')).serving();
    expect(await server.increment('likes')).toBe(1);
    expect(await statusOf(server)).toEqual([200, 'ok']);
  });

  test('waits for an etcd that is not there, says so once, and stops when it is told to', async () => {
    const link = await Proxy.open();
    stops.push(() => link.close());
    const [server, other] = [serverOn([link.address]), serverOn([link.address])];
    const said = `etcd does not answer at ${link.address}: waiting for it`;
    for (const each of [server, other]) await until(() => saidBy(each, said).length > 0);
    expect(await other.kill('SIGTERM')).toEqual({ status: 0, signal: null });

    const { endpoint } = await startEtcd();
    link.leadTo(Number(endpoint.split(':')[1]));
    await server.serving();
    expect(await server.increment('likes')).toBe(1);
    expect(saidBy(server, '')).toEqual([
      said,
      'counting under node-1',
      expect.stringMatching(/^serving http/),
    ]);
  });
});
