/**
 * `npm run cluster`: several servers on this machine that find each other and count together, for trying things out.
 * Its arguments, and what it prints before the servers start.
 */
import { join } from 'node:path';
import { numberFrom, parseOptions } from '../arguments.ts';
import { serverProcess } from './local-server.ts';
import { launch, say } from './launcher.ts';
import { HOST, MAX_PORT, portsFault } from './ports.ts';
import { supervise } from './supervisor.ts';

const help = `Usage: npm run cluster -- [options]

Starts servers on this machine that count together, and stops them on Ctrl-C. A server that is killed can be started
again with Enter.

  --nodes N          the number of servers (default 3)
  --base-port N      the port of the first server; the others take the ports after it (default 8081)
  --data-dir PATH    where the servers keep their counters, each in a directory of its own (default data/cluster)
  --help             print this text

Exit status: 0 all servers stopped when told to, 1 a server failed, or ended early and was not started again, 2 a bad
command line.`;

const specs = {
  nodes: { type: 'string', default: '3' },
  'base-port': { type: 'string', default: '8081' },
  'data-dir': { type: 'string', default: 'data/cluster' },
  help: { type: 'boolean', default: false },
} as const;

const MAX_NODES = 100;

async function main(args: string[]): Promise<number | string> {
  const { values } = parseOptions(args, specs, false);
  if (values.help) {
    say(help);
    return 0;
  }
  const count = numberFrom('nodes', values.nodes, { min: 1, max: MAX_NODES, integer: true });
  const range = { min: 1, max: MAX_PORT - count + 1, integer: true };
  const basePort = numberFrom('base-port', values['base-port'], range);
  const ports = Array.from({ length: count }, (_, i) => basePort + i);
  const fault = await portsFault(ports);
  if (fault !== undefined) return fault;
  // Two such clusters on one machine have different ports, hence different names, and leave each other alone.
  const cluster = `local-${basePort}`;
  introduce(ports, cluster);
  const servers = ports.map((port, i) => {
    const id = `node-${i + 1}`;
    const flags = ['--node-id', id, '--data-dir', join(values['data-dir'], id), '--cluster', cluster];
    const peers = ports.filter((other) => other !== port).map((other) => `${HOST}:${other}`);
    if (peers.length > 0) flags.push('--peers', peers.join(','));
    return serverProcess(id, port, flags);
  });
  return supervise([servers], say);
}

function introduce(ports: readonly number[], cluster: string): void {
  const urls = ports.map((port) => `http://${HOST}:${port}/`);
  say(`The cluster ${cluster}, which ends with Ctrl-C: ${urls.join(' ')}`);
  say('Count on one, and read from another:');
  say(`  curl -X POST http://${HOST}:${ports[0]}/increment; curl http://${HOST}:${ports.at(-1)}/count`);
}

launch('g-counter-cluster', main);
