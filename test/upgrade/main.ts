/**
 * Upgrades a cluster one server at a time, under load: `npm run test:upgrade -- CHECKOUT`, with the version before built
 * in CHECKOUT. Clients retry under idempotency keys what was not answered. In the end each counter must be exactly what was
 * asked for, on all servers.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { Client, Ledger } from '../support/load.ts';
import { type ServerProcess, type Settings, startServer, stopServers } from '../support/server-process.ts';
import { freePort } from '../support/servers.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const CLIENTS_PER_SERVER = 4;
/** How long all servers work between two upgrades. */
const MIXED_MS = 5000;
/** How often, once a second, values that are not exact yet are looked at again. */
const MAX_CHECKS = 60;

interface Site {
  readonly settings: Settings;
  readonly clients: readonly Client[];
  server: ServerProcess;
  loads: Promise<unknown>;
}

const load = ({ clients, server }: Pick<Site, 'clients' | 'server'>): Promise<unknown> =>
  Promise.all(clients.map((client) => client.run(server.port)));

async function startSites(launcher: string, ledger: Ledger): Promise<Site[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const peers = ports.map((port) => `127.0.0.1:${port}`).join();
  return Promise.all(
    ports.map(async (port, n) => {
      const args = ['--node-id', `node-${n + 1}`, '--peers', peers, '--port', String(port)];
      const settings = { args, env: { CLUSTER_KEY: 'the key of the upgraded cluster' } };
      const clients = Array.from(
        { length: CLIENTS_PER_SERVER },
        (_, client) => new Client(`client-${n}-${client}`, KEYS, ledger, true),
      );
      const server = await startServer({ ...settings, launcher });
      return { settings, clients, server, loads: load({ clients, server }) };
    }),
  );
}

async function checkExact(servers: readonly ServerProcess[], { tallies }: Ledger): Promise<void> {
  for (const [key, { asked, answered }] of tallies) {
    if (asked !== answered) throw new Error(`${key}: ${asked} asked for, ${answered} answered`);
    for (const server of servers) {
      const { value } = await server.read(key);
      if (value !== asked) throw new Error(`${key} is ${value}, not ${asked}, on port ${server.port}`);
    }
  }
}

/** Waits until anti-entropy has brought every server everything. */
async function untilExact(servers: readonly ServerProcess[], ledger: Ledger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await checkExact(servers, ledger);
    } catch (error) {
      if (attempt === MAX_CHECKS) throw error;
      await pass(1000);
    }
  }
}

async function main(checkout: string | undefined): Promise<void> {
  if (checkout === undefined) throw new Error('name a checkout of the version before, in which it is built');
  const ledger = new Ledger();
  const sites = await startSites(`${checkout}/bin/g-counter-server`, ledger);
  await pass(MIXED_MS);
  for (const site of sites) {
    await site.server.kill('SIGTERM');
    await site.loads;
    site.server = await site.server.restart(site.settings);
    site.loads = load(site);
    console.log(`port ${site.server.port} is upgraded, after ${ledger.answers} increments`);
    await pass(MIXED_MS);
  }
  for (const site of sites) {
    await site.server.kill('SIGTERM');
    await site.loads;
    site.server = await site.server.restart(site.settings);
  }
  for (const { clients, server } of sites)
    await Promise.all(clients.map((client) => client.run(server.port, 1)));
  await untilExact(
    sites.map(({ server }) => server),
    ledger,
  );
  console.log(`${ledger.answers} increments while three servers were upgraded: exact`);
}

main(process.argv[2])
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => void stopServers());
