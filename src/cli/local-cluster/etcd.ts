/**
 * `npm run etcd`: an etcd of three members and two servers that keep their counters in it, on this machine, for trying
 * things out. Its arguments, and what it prints before they start.
 */
import { join } from 'node:path';
import { numberFrom, parseOptions } from '../arguments.ts';
import { etcdMembers, hasEtcd } from './etcd-members.ts';
import { serverProcess } from './local-server.ts';
import { launch, say } from './launcher.ts';
import { HOST, MAX_PORT, portsFault } from './ports.ts';
import { supervise } from './supervisor.ts';

const help = `Usage: npm run etcd -- [options]

Starts an etcd of three members on this machine, and two servers that keep their counters in it, and stops them on Ctrl-C.
One that is killed can be started again with Enter.

  --base-port N      the port of the first server; the other and etcd take the seven after it (default 8091)
  --data-dir PATH    where etcd keeps its data, in a directory for each base port (default data/etcd)
  --help             print this text

Exit status: 0 all stopped when told to, 1 one failed, or ended early and was not started again, or there is no etcd,
2 a bad command line.`;

const specs = {
  'base-port': { type: 'string', default: '8091' },
  'data-dir': { type: 'string', default: 'data/etcd' },
  help: { type: 'boolean', default: false },
} as const;

const SERVERS = 2;
const MEMBERS = 3;
/** A member has one port for clients and one for the other members. */
const PORTS = SERVERS + 2 * MEMBERS;

async function main(args: string[]): Promise<number | string> {
  const { values } = parseOptions(args, specs, false);
  if (values.help) {
    say(help);
    return 0;
  }
  const range = { min: 1, max: MAX_PORT - PORTS + 1, integer: true };
  const basePort = numberFrom('base-port', values['base-port'], range);
  const ports = Array.from({ length: PORTS }, (_, i) => basePort + i);
  const fault = hasEtcd()
    ? await portsFault(ports)
    : 'there is no etcd on the PATH: apt-get install etcd-server (Debian, Ubuntu), brew install etcd (macOS), ' +
      'or see https://github.com/etcd-io/etcd/releases';
  if (fault !== undefined) return fault;
  const [serverPorts, clientPorts] = [ports.slice(0, SERVERS), ports.slice(SERVERS, SERVERS + MEMBERS)];
  const members = etcdMembers({
    clientPorts,
    peerPorts: ports.slice(SERVERS + MEMBERS),
    // The members know each other by their ports, so they could not find each other with the data of other ones.
    dataDir: join(values['data-dir'], `${basePort}`),
  });
  const store = `etcd://${clientPorts.map((port) => `${HOST}:${port}`).join(',')}`;
  introduce(serverPorts, store);
  const servers = serverPorts.map((port, i) => serverProcess(`server-${i + 1}`, port, ['--store', store]));
  // A leader waits for seconds if the member that it hands over to stops as well, so they stop one after the other.
  return supervise([...members.map((member) => [member]), servers], say);
}

function introduce(ports: readonly number[], store: string): void {
  const urls = ports.map((port) => `http://${HOST}:${port}/`);
  say(`Two servers on etcd, which end with Ctrl-C: ${urls.join(' ')}`);
  say(`The store is ${store}; one more server: bin/g-counter-server --store ${store}`);
  say('Count on one, and read from the other:');
  say(`  curl -X POST http://${HOST}:${ports[0]}/increment; curl http://${HOST}:${ports.at(-1)}/count`);
  say('Then end one member of etcd or one server by kill -9 and its process id, and count on.');
}

launch('g-counter-etcd', main);
