/** An operator's decisions about a cluster, and the disk that must keep them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connection, type Reply, requestText } from '../../support/connection.ts';
import { type HttpServerFixture, openHttpServer } from '../../support/http-server.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { SimCluster, type SimServer } from '../../support/sim-cluster.ts';

const limits = { maxCounters: 10, maxNodes: 10, windowMs: 1000, maxIdempotencyRecords: 10 };

let sim: SimCluster;
let a: SimServer;
let b: SimServer;
let fixture: HttpServerFixture;
beforeEach(async () => {
  sim = new SimCluster();
  [a, b] = [sim.start(), sim.start()];
  a.cluster.addConfiguredPeer(b.address);
  await sim.pass(10_000);
  fixture = await openHttpServer();
  fixture.server.serve(
    memoryStore(limits, () => 0),
    a.cluster,
  );
});
afterEach(() => fixture.server.close());

async function ask(method: string, path: string, body?: object): Promise<Reply> {
  const connection = await Connection.open(fixture.port);
  const headers = { 'content-type': 'application/json' };
  const reply = await connection.ask(requestText(method, path, headers, JSON.stringify(body)));
  connection.close();
  return reply;
}

test.each(['/remove-peer', '/register'])('%s is answered when the disk has it', async (path) => {
  const events: string[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const isSaving = new Promise<void>((resolve) => {
    a.beforeSaving = () => {
      resolve();
      return released;
    };
  });
  const answered = ask('POST', path, { id: b.address }).then(({ status }) => {
    events.push('answered');
    return status;
  });
  await isSaving;
  await sim.pass(1000);
  // An answer that did not wait would be here before this one.
  expect((await ask('GET', '/peers')).status).toBe(200);
  events.push('saved');
  release();
  expect(await answered).toBe(200);
  expect(events).toEqual(['saved', 'answered']);
});

test('a removal that the disk does not take is in effect, but its outcome is unknown until it is repeated', async () => {
  a.beforeSaving = () => Promise.reject(new Error('EIO'));
  const { status, body } = await ask('POST', '/remove-peer', { id: b.address });
  expect(status).toBe(503);
  expect(body).toContain('"code":"unknown_outcome"');
  expect((await ask('GET', '/peers')).body).toBe('[]');
  a.beforeSaving = () => Promise.resolve();
  expect((await ask('POST', '/remove-peer', { id: b.address })).status).toBe(200);
  expect(a.remembered.removals.get('node-2')?.removed).toBe(true);
});
