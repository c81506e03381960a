/**
 * `g-counter-workbench replay`: its flags, and how differences are printed.
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DecodeError } from '../../runtime/decode.ts';
import { systemClock } from '../../runtime/system.ts';
import { utf8Text } from '../../runtime/utf8.ts';
import { processHosts } from '../../workbench/nodes/process-host.ts';
import { type Fixture, FixtureError, parseFixture, replay } from '../../workbench/replay.ts';
import { UsageError, parseOptions, splitNodeArguments } from '../arguments.ts';
import { unlessStopped } from './interruption.ts';
import { programFrom } from './program.ts';

/** How long to wait for a message: longer than the node's deadline, so that an error is waited for. */
const MESSAGE_TIMEOUT_MS = 6000;

export const replayHelp = `Usage: g-counter-workbench replay FILE... [--bin FILE] [-- ARGUMENTS]

  --bin FILE    the node to talk to (default: the g-counter beside this program)

Each FILE is a recorded conversation with a node, one message per line: what it
receives, beginning with init, and what it must send. Lines that begin with #
are comments. Prints the first difference in each FILE. Exit status: 0 no
difference, 1 a difference, 2 a bad command line or FILE. ARGUMENTS go to the
node.`;

/** Replays each fixture on a fresh node and resolves with the exit status. */
export async function replayCommand(args: string[], stop: AbortSignal): Promise<number> {
  const { own, forNode } = splitNodeArguments(args);
  const { values, positionals } = parseOptions(
    own,
    { bin: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    true,
  );
  if (values.help) {
    console.log(replayHelp);
    return 0;
  }
  if (positionals.length === 0) throw new UsageError('no FILE to replay');
  const bin = programFrom(values.bin ?? join(dirname(realpathSync(process.argv[1] ?? '')), 'g-counter'));
  const fixtures = positionals.map((file) => ({ file, fixture: fixtureFrom(file) }));
  let different = 0;
  // When it is to stop, exiting ends the node and removes its directory.
  for (const { file, fixture } of fixtures)
    different += (await unlessStopped(replayOne(file, fixture, bin, forNode), stop)) ? 0 : 1;
  return different === 0 ? 0 : 1;
}

/** Resolves with whether the node sent what the fixture says. */
async function replayOne(
  file: string,
  fixture: Fixture,
  bin: string,
  args: readonly string[],
): Promise<boolean> {
  const logDirectory = mkdtempSync(join(tmpdir(), 'g-counter-replay-'));
  const cleanUp = (): void => rmSync(logDirectory, { recursive: true });
  process.once('exit', cleanUp);
  try {
    const startHost = processHosts({ bin, args, logDirectory, onStderr: undefined });
    const difference = await replay(fixture, startHost, systemClock, MESSAGE_TIMEOUT_MS);
    if (difference === undefined) {
      console.log(`${file}: as expected, all ${fixture.lines.length} messages`);
      return true;
    }
    const { line, expected, actual } = difference;
    console.log(`${file}:${line}: the node departs from the fixture`);
    if (expected.length === 0) console.log('  expected nothing more');
    for (const message of expected) console.log(`  expected ${JSON.stringify(message)}`);
    console.log(`  received ${typeof actual === 'string' ? actual : JSON.stringify(actual)}`);
    return false;
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
}

function fixtureFrom(file: string): Fixture {
  try {
    return parseFixture(utf8Text(readFileSync(file)));
  } catch (error) {
    if (error instanceof FixtureError || error instanceof DecodeError)
      throw new UsageError(`${file} is not a fixture: ${error.message}`);
    if (error instanceof Error && 'code' in error)
      throw new UsageError(`${file} cannot be read: ${error.message}`);
    throw error;
  }
}
