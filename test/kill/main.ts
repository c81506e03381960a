/**
 * Kills a server under load again and again: `npm run test:kill -- [ROUNDS]`, 300 by default. Clients send increments and
 * batches under idempotency keys, and what is not answered again after each restart, until it is. In the end each counter
 * must be exactly what was asked for. Exits with 0 if it is, and with 1 as soon as something is lost or counted twice.
 */
import { Client, Ledger } from '../support/load.ts';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';

const CLIENTS = 16;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
/** How long, at most, a server lives beyond the load that it is given in any case. Snapshots come within a second. */
const MAX_LIFE_MS = 1500;

const below = (limit: number): number => Math.floor(Math.random() * limit);
const rest = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** Throws if a counter is less than what was answered, or more than what was asked for. */
async function check(server: ServerProcess, { tallies }: Ledger): Promise<void> {
  for (const [key, { asked, answered }] of tallies) {
    const { value } = await server.read(key);
    if (value < answered) throw new Error(`${key} has lost ${answered - value} of ${answered}`);
    if (value > asked) throw new Error(`${key} is ${value - asked} more than ${asked}, which was asked for`);
  }
}

async function main(rounds = 300): Promise<void> {
  const startedMs = performance.now();
  const ledger = new Ledger();
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(`client-${n}`, KEYS, ledger, true));
  const starts: number[] = [];
  let server = await startServer();
  for (let round = 1; round <= rounds; round++) {
    const enough = ledger.more(below(400));
    const loads = clients.map((client) => client.run(server.port));
    await enough;
    if (below(3) === 0) await rest(below(MAX_LIFE_MS));
    await server.kill('SIGKILL');
    await Promise.all(loads);
    const killedMs = performance.now();
    server = await server.restart();
    starts.push(performance.now() - killedMs);
    await check(server, ledger);
    if (round % 25 === 0) console.log(`${round} rounds, ${ledger.answers} increments answered`);
  }
  await Promise.all(clients.map((client) => client.run(server.port, 1)));
  await check(server, ledger);
  const open = [...ledger.tallies].filter(([, { asked, answered }]) => asked !== answered);
  if (open.length > 0)
    throw new Error(`there is no answer to some increments of ${open.map(([key]) => key).join()}`);
  const minutes = (performance.now() - startedMs) / 60_000;
  console.log(
    `${rounds} times kill -9 in ${minutes.toFixed(1)} min, ${ledger.answers} increments answered: exact; ` +
      `the longest of the starts took ${(Math.max(...starts) / 1000).toFixed(1)} s`,
  );
}

main(process.argv[2] === undefined ? undefined : Number(process.argv[2]))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => void stopServers());
