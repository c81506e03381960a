/**
 * What the node costs, measured side by side in one run: `npm run bench`. Prints three figures, each with its bound.
 *   - throughput: piped messages through `g-counter --store memory`, as a share of a bare loop that only reads lines,
 *     parses, stringifies and writes in batches;
 *   - memory: how much more is resident after a million messages than after a hundred thousand;
 *   - start: the time until init_ok, as a multiple of `node -e 0`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.ts';

const ROUNDS = 7;
const INIT = '{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}\n';

const bareLoop = `
  let out = '';
  const flush = () => { process.stdout.write(out); out = ''; };
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { src, dest, body } = JSON.parse(line);
    if (out === '') setImmediate(flush);
    out += JSON.stringify({ src: dest, dest: src, body: { type: body.type + '_ok', in_reply_to: body.msg_id } }) + '\\n';
    if (out.length >= 65536) flush();
  });`;

const node = (): ChildProcessWithoutNullStreams => spawn('bin/g-counter', ['--store', 'memory']);
const bare = (): ChildProcessWithoutNullStreams => spawn(process.execPath, ['-e', bareLoop]);

/** Two reads for each add, as in the workload. */
async function writeMessages(file: string, count: number): Promise<void> {
  const output = createWriteStream(file);
  output.write(INIT);
  for (let id = 2; id <= count; id++) {
    const request = id % 3 === 0 ? `"type":"add","delta":${id % 5}` : '"type":"read"';
    output.write(`{"src":"c1","dest":"n1","body":{${request},"msg_id":${id}}}\n`);
  }
  await new Promise<void>((resolve) => output.end(resolve));
}

/** Pipes a file through a program. Resolves with how many milliseconds it took. */
async function pipe(file: string, program: () => ChildProcessWithoutNullStreams): Promise<number> {
  const startedMs = performance.now();
  const child = program();
  child.stdout.resume();
  (await open(file)).createReadStream().pipe(child.stdin);
  await once(child, 'close');
  return performance.now() - startedMs;
}

async function throughput(directory: string): Promise<number> {
  const file = join(directory, '300000.jsonl');
  await writeMessages(file, 300_000);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bareMs = await pipe(file, bare);
    ratios.push(bareMs / (await pipe(file, node)));
  }
  return median(ratios);
}

/** Megabytes resident after the reply to the last of `count` messages. */
async function residentMb(directory: string, count: number): Promise<number> {
  const file = join(directory, `${count}.jsonl`);
  await writeMessages(file, count);
  const child = node();
  let lines = 0;
  const answered = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
      if (lines === count) resolve();
    });
  });
  (await open(file)).createReadStream().pipe(child.stdin, { end: false });
  await answered;
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  child.stdin.end();
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Milliseconds from the start of the process to its first line. */
async function initMs(): Promise<number> {
  const startedMs = performance.now();
  const child = node();
  child.stdin.write(INIT);
  await once(child.stdout, 'data');
  const durationMs = performance.now() - startedMs;
  child.stdin.end();
  await once(child, 'close');
  return durationMs;
}

async function emptyNodeMs(): Promise<number> {
  const startedMs = performance.now();
  await once(spawn(process.execPath, ['-e', '0']), 'close');
  return performance.now() - startedMs;
}

async function startRatio(): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < 3 * ROUNDS; round++) {
    const emptyMs = await emptyNodeMs();
    ratios.push((await initMs()) / emptyMs);
  }
  return median(ratios);
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  try {
    console.log(`throughput  ${(await throughput(directory)).toFixed(2)} of a bare loop (at least 0.6)`);
    if (process.platform === 'linux') {
      const growthMb = -(await residentMb(directory, 100_000)) + (await residentMb(directory, 1_000_000));
      console.log(
        `memory      ${growthMb.toFixed(0)} MB more after 1,000,000 messages than after 100,000 (at most 40)`,
      );
    }
    console.log(`start       init_ok after ${(await startRatio()).toFixed(2)} x node -e 0 (at most 1.6)`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main();
