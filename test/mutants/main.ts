/** Runs one planted bug as a node, on stdin and stdout. */
import { LineWriter, readLines } from '../../src/runtime/lines.ts';
import { systemClock, systemRandom } from '../../src/runtime/system.ts';
import { mutantNamed } from './node.ts';

const writer = new LineWriter(process.stdout);
const node = mutantNamed(process.argv[2] ?? '')({
  clock: systemClock,
  random: systemRandom,
  send: (message) => writer.write(JSON.stringify(message)),
});
readLines(
  process.stdin,
  (line) => node.receive(line),
  () => process.exit(0),
);
