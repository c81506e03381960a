/**
 * `g-counter`: the node, between stdin and stdout. Its arguments, and how it ends: when stdin does or a signal comes, every
 * open request is answered with an error first.
 */
import { MAX_GATHER_MS } from '../../counter/stored-counter.ts';
import { createCounterNode } from '../../maelstrom/counter-node.ts';
import { LineWriter, readLines } from '../../runtime/lines.ts';
import { silent } from '../../runtime/log.ts';
import { afterThisTurn, stderrLog, systemClock, systemRandom } from '../../runtime/system.ts';
import { parseOptions, reportsUsage } from '../arguments.ts';
import { nodeOptionSpecs, nodeOptionsFrom } from './node-options.ts';
import { version } from '../version.ts';

const help = `Usage: g-counter [options]

A node for Maelstrom's g-counter and pn-counter workloads. It reads messages from stdin and writes messages to stdout, one
JSON object per line, until stdin ends.

  --workload NAME      what to count: g-counter (up, default) or pn-counter (up and down)
  --store NAME         where to keep totals: seq-kv (default) or lin-kv, services of the network, or memory, so that the
                       node works alone and you can type messages to it
  --rpc-timeout-ms N   how long to wait for a service before repeating a request (default 1000)
  --deadline-ms N      how long a client's request may take before it fails with an error (default 4000; Maelstrom's
                       clients wait 5000)
  --verbose            log problems to stderr: timeouts, refused swaps, lines that are not messages
  --version            print the version
  --help               print this text

Try it:
  printf '%s\\n' '{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}' \\
    '{"src":"c1","dest":"n1","body":{"type":"add","msg_id":2,"delta":5}}' \\
    '{"src":"c1","dest":"n1","body":{"type":"read","msg_id":3}}' | g-counter --store memory`;

/** How long the reader of our output may take to read the rest when we stop. */
const FLUSH_TIMEOUT_MS = 500;

function main(args: string[]): void {
  // When nothing reads our output any more, there is nothing left to do.
  process.stdout.on('error', () => process.exit(0));
  const { values } = parseOptions(
    args,
    {
      ...nodeOptionSpecs,
      verbose: { type: 'boolean', default: false },
      version: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    false,
  );
  const nodeOptions = nodeOptionsFrom(values);
  if (values.help) return void process.stdout.write(`${help}\n`);
  if (values.version) return void process.stdout.write(`${version}\n`);

  const writer = new LineWriter(process.stdout);
  const node = createCounterNode({
    ...nodeOptions,
    send: (message) => writer.write(JSON.stringify(message)),
    clock: systemClock,
    random: systemRandom,
    log: values.verbose ? stderrLog : silent,
  });

  // First, what needs no reply any more is answered, even if it waits for a write to gather requests; then the turn after
  // close() sends the errors that it causes. Exiting waits neither for the timers of abandoned requests nor, for long, for
  // a reader that does not read.
  const stop = (): void =>
    void systemClock.after(2 * MAX_GATHER_MS, () => {
      node.close();
      afterThisTurn(() => writer.flush(() => process.exit(0)));
      systemClock.after(FLUSH_TIMEOUT_MS, () => process.exit(0));
    });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const lines = readLines(
    process.stdin,
    (line) => {
      node.receive(line);
      writer.throttle(lines);
    },
    stop,
  );
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!reportsUsage('g-counter', error)) throw error;
}
