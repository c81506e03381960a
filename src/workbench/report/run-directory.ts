/**
 * The directory of one run, `store/<test>/<timestamp>/`, with `store/latest` pointing to it, as Maelstrom lays it out.
 *
 * Messages are appended to messages.jsonl while the run goes on, since keeping all of them in memory would cost too
 * much; history.jsonl, results.json, report.html and the pictures are written when it has finished.
 */
import {
  type WriteStream,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { decodeMessage } from '../../maelstrom/message.ts';
import { asError } from '../../runtime/error.ts';
import type { Problem } from '../nodes/checker.ts';
import type { Moment, Operation } from '../nodes/history.ts';
import type { Results } from '../nodes/results.ts';
import type { Run } from '../nodes/run.ts';
import type { Delivery } from '../sim/network.ts';
import { report } from './report.ts';
import { type TimeWindow, diagramWindow } from './view.ts';

const MESSAGES = 'messages.jsonl';

/** Something of a run could not be written, as when the disk is full. The message names the file and the reason. */
export class RecordingError extends Error {}

export class RunDirectory {
  readonly path: string;
  readonly logs: string;
  /** What was run, and when. */
  readonly #title: string;
  /** The number of messages of each type that arrived or were lost. */
  readonly #messageTypes: Record<string, number> = {};
  readonly #messages: WriteStream;
  readonly #onFailure: () => void;
  #unwritten = '';
  #failure: RecordingError | undefined;

  /**
   * Creates the directory, and points `latest` to it. Throws a system error. Calls `onFailure` when messages cannot be
   * recorded any more.
   */
  constructor(root: string, test: string, timestamp: string, onFailure: () => void) {
    this.#onFailure = onFailure;
    this.path = join(root, test, timestamp);
    this.logs = join(this.path, 'node-logs');
    this.#title = `${test}, ${timestamp}`;
    mkdirSync(this.logs, { recursive: true });
    const latest = join(root, 'latest');
    // Renamed into place, since another run may be doing the same.
    const link = `${latest}-${process.pid}`;
    symlinkSync(join(test, timestamp), link);
    try {
      renameSync(link, latest);
    } catch (error) {
      rmSync(link);
      throw error;
    }
    this.#messages = createWriteStream(this.#file(MESSAGES));
    this.#messages.on('error', (error) => {
      this.#fail(MESSAGES, error);
      this.#onFailure();
    });
  }

  /** Appends to messages.jsonl, in the order in which messages arrived or were lost. */
  recordDelivery({ id, message, sentMs, receivedMs }: Delivery): void {
    if (this.#failure !== undefined) return;
    const { src, dest, body } = message;
    const type = String(body['type']);
    this.#messageTypes[type] = (this.#messageTypes[type] ?? 0) + 1;
    this.#unwritten += `${JSON.stringify({ id, src, dest, sentMs, receivedMs: receivedMs ?? null, body })}\n`;
    if (this.#unwritten.length < 2 ** 16) return;
    this.#messages.write(this.#unwritten);
    this.#unwritten = '';
  }

  /** Writes everything that is kept of a finished run. Resolves with why some of it could not be written, if so. */
  async finish(
    { operations, faultIntervals }: Run,
    problems: readonly Problem[],
    results: Results,
  ): Promise<RecordingError | undefined> {
    this.#write('results.json', `${JSON.stringify(results, undefined, 2)}\n`);
    this.#write('history.jsonl', historyLines(operations));
    this.#messages.end(this.#unwritten);
    // A failure has been noted by then.
    await finished(this.#messages).catch(() => {});
    // Which messages the report shows is known only now.
    const window = diagramWindow(operations, problems);
    const named = new Set(results.diagnoses.flatMap(({ messages }) => messages));
    const { deliveries, evidence } = await this.#deliveriesOf(window, named);
    const { html, pictures } = report({
      title: this.#title,
      results,
      problems,
      operations,
      deliveries,
      evidence,
      window,
      faults: faultIntervals,
      messageTypes: this.#messageTypes,
    });
    this.#write('report.html', html);
    for (const [name, picture] of pictures) this.#write(name, picture);
    return this.#failure;
  }

  #write(name: string, text: string): void {
    try {
      writeFileSync(this.#file(name), text);
    } catch (error) {
      this.#fail(name, error);
    }
  }

  #file(name: string): string {
    return join(this.path, name);
  }

  /** Only the first failure is kept: others follow from it. */
  #fail(name: string, error: unknown): void {
    this.#failure ??= new RecordingError(`${this.#file(name)} cannot be written: ${asError(error).message}`);
  }

  /** Reads back the messages that were in flight at some time in the window, and those with the ids in `named`. */
  async #deliveriesOf(window: TimeWindow, named: ReadonlySet<number>) {
    const deliveries: Delivery[] = [];
    const evidence: Delivery[] = [];
    if (!existsSync(this.#file(MESSAGES))) return { deliveries, evidence };
    for await (const line of createInterface({ input: createReadStream(this.#file(MESSAGES)) })) {
      const within = deliveryIf(line, isWithin(window));
      if (within !== undefined) deliveries.push(within);
      const telling = within ?? deliveryIf(line, ({ id }) => named.has(id));
      if (telling !== undefined && named.has(telling.id)) evidence.push(telling);
    }
    return { deliveries, evidence };
  }
}

type Times = Omit<Delivery, 'message'>;

const isWithin =
  ({ fromMs, toMs }: TimeWindow) =>
  ({ sentMs, receivedMs }: Times): boolean =>
    (receivedMs ?? sentMs) >= fromMs && sentMs <= toMs;

/** Decodes a line of messages.jsonl if it is wanted. Most are not, and not worth parsing. */
function deliveryIf(line: string, isWanted: (times: Times) => boolean): Delivery | undefined {
  const times = /"id":(\d+),.*?"sentMs":([\d.e+-]+),"receivedMs":([\d.e+-]+|null)/.exec(line);
  const [id, sentMs, received] = [Number(times?.[1]), Number(times?.[2]), times?.[3]];
  const receivedMs = received === 'null' ? undefined : Number(received);
  if (!isWanted({ id, sentMs, receivedMs })) return undefined;
  const message = decodeMessage(line);
  return message && { id, message, sentMs, receivedMs };
}

/** A history in Jepsen's form: one event when an operation is invoked, another when it completes. */
function historyLines(operations: readonly Operation[]): string {
  return operations
    .flatMap((operation) => [
      event(operation, operation.invoked, 'invoke'),
      event(operation, operation.completed, operation.outcome),
    ])
    .toSorted((a, b) => a.index - b.index)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

function event(operation: Operation, { index, timeMs }: Moment, type: Operation['outcome'] | 'invoke') {
  const { process, node, f, final, error } = operation;
  const completed = type !== 'invoke';
  const value = f === 'add' ? operation.delta : completed ? (operation.value ?? null) : null;
  return {
    index,
    timeMs,
    type,
    process,
    node,
    f,
    value,
    ...(final && { final }),
    ...(completed && error !== undefined && { error }),
  };
}
