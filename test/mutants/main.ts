/** Runs one planted bug, or one design to judge, as a node, on stdin and stdout. */
import { LineWriter, readLines } from '../../src/runtime/lines.ts';
import { systemClock, systemRandom } from '../../src/runtime/system.ts';
import { designNodes } from './designs.ts';
import { mutantNamed } from './node.ts';

const writer = new LineWriter(process.stdout);
const name = process.argv[2] ?? '';
const createNode = designNodes[name] ?? mutantNamed(name);
const node = createNode({
  clock: systemClock,
  random: systemRandom,
  send: (message) => writer.write(JSON.stringify(message)),
});
readLines(
  process.stdin,
  (line) => node.receive(line),
  () => process.exit(0),
);
