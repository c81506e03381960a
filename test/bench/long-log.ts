/**
 * What a start costs when the version before has left one long segment: `npm run bench:log -- [GIB] [LAUNCHER]`, 2.5 and
 * `bin/g-counter-server` by default. The segment is what many batches of 5400 increments with idempotency keys had
 * written; all their answers are live. It is written to a temporary directory, which needs the room.
 */
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFrame } from '../../src/store/disk/frame.ts';
import { segmentName } from '../../src/store/disk/write-ahead-log.ts';
import { type Server, megabytes, print, round, start, stop } from './server-process.ts';

const BATCH = 5400;
/** How many batches shared a record. */
const GROUP = 10;
const FIRST = 1_000_000_000_000_000;

/** Writes the segment, as commit 7c94479 did. Returns the number of batches. */
function writeSegment(directory: string, bytes: number): number {
  const file = openSync(join(directory, segmentName(1)), 'ax');
  const { ino, birthtimeNs } = fstatSync(file, { bigint: true });
  const nowMs = Date.now();
  const head = `{"segment":{"format":1,"number":1,"file":"${ino}-${birthtimeNs}","snapshots":[]},"identity":{"node_id":"node-1","incarnation":1,"counted":{}}}`;
  let written = writeSync(file, encodeFrame(head));
  let batches = 0;
  let value = FIRST;
  while (written < bytes) {
    const answers = Array.from({ length: GROUP }, () => {
      const values = Array.from({ length: BATCH }, () => ++value);
      return `"batch-${++batches}":["${String(batches).padStart(22, '=')}",${nowMs},[${values.join(',')}]]`;
    });
    written += writeSync(
      file,
      encodeFrame(`{"totals":{"h":{"node-1":${value}}},"answers":{${answers.join(',')}}}`),
    );
  }
  closeSync(file);
  return batches;
}

const logBytes = (directory: string): number =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

async function main(gibibytes = '2.5', launcher = 'bin/g-counter-server'): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  const open = (): Promise<Server> =>
    start(launcher, ['--port', '0', '--data-dir', directory, '--disable-discovery']);
  try {
    const batches = writeSegment(directory, Number(gibibytes) * 2 ** 30);
    print('bytes of the segment', round(logBytes(directory)));
    print('batches in it', round(batches));
    const first = await open();
    print('start', `${round(first.startMs)} ms`);
    print(
      '  memory: most, and then',
      `${round(megabytes(first, 'VmHWM'))} MB, ${round(megabytes(first, 'VmRSS'))} MB`,
    );
    await stop(first);
    print('bytes of the log after a stop', round(logBytes(directory)));
    const second = await open();
    print('start after that', `${round(second.startMs)} ms`);
    print(
      '  memory: most, and then',
      `${round(megabytes(second, 'VmHWM'))} MB, ${round(megabytes(second, 'VmRSS'))} MB`,
    );
    await stop(second, 'SIGKILL');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main(...process.argv.slice(2));
