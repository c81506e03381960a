import {
  type WriteStream,
  createReadStream,
  createWriteStream,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeMessage } from '../../maelstrom/message.ts';
import type { Moment, Operation } from '../nodes/history.ts';
import type { Delivery } from '../sim/network.ts';
import type { TimeWindow } from './report.ts';
import type { Results } from '../nodes/results.ts';

/** Where one run is kept: `store/<test>/<timestamp>/`, with `store/latest` pointing to it, as Maelstrom lays it out. */
export class RunDirectory {
  readonly path: string;
  readonly logs: string;
  /** What was run, and when. */
  readonly title: string;
  /** How many messages of each type arrived or were lost. */
  readonly messageTypes: Record<string, number> = {};
  readonly #messages: WriteStream;
  #unwritten = '';

  constructor(root: string, test: string, timestamp: string) {
    this.path = join(root, test, timestamp);
    this.logs = join(this.path, 'node-logs');
    this.title = `${test}, ${timestamp}`;
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
    this.#messages = createWriteStream(join(this.path, 'messages.jsonl'));
  }

  /** Appends to messages.jsonl; in the order in which messages arrived or were lost. */
  recordDelivery({ id, message, sentMs, receivedMs }: Delivery): void {
    const { src, dest, body } = message;
    const type = String(body['type']);
    this.messageTypes[type] = (this.messageTypes[type] ?? 0) + 1;
    this.#unwritten += `${JSON.stringify({ id, src, dest, sentMs, receivedMs: receivedMs ?? null, body })}\n`;
    if (this.#unwritten.length < 2 ** 16) return;
    this.#messages.write(this.#unwritten);
    this.#unwritten = '';
  }

  /** Writes history.jsonl and results.json, and resolves when everything is on disk. */
  async finish(operations: readonly Operation[], results: Results): Promise<void> {
    this.write('history.jsonl', historyLines(operations));
    this.write('results.json', `${JSON.stringify(results, undefined, 2)}\n`);
    await new Promise<void>((resolve) => this.#messages.end(this.#unwritten, resolve));
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  /** Reads back the messages that were under way at some time in the window, once the run is finished. */
  async deliveriesWithin(window: TimeWindow): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    for await (const line of createInterface({
      input: createReadStream(join(this.path, 'messages.jsonl')),
    })) {
      const delivery = deliveryWithin(window, line);
      if (delivery !== undefined) deliveries.push(delivery);
    }
    return deliveries;
  }
}

/** Reads a line of messages.jsonl, if it falls into the window. Most do not, and are not worth parsing. */
function deliveryWithin({ fromMs, toMs }: TimeWindow, line: string): Delivery | undefined {
  const times = /"id":(\d+),.*?"sentMs":([\d.e+-]+),"receivedMs":([\d.e+-]+|null)/.exec(line);
  const [id, sentMs, received] = [Number(times?.[1]), Number(times?.[2]), times?.[3]];
  const receivedMs = received === 'null' ? undefined : Number(received);
  if ((receivedMs ?? sentMs) < fromMs || sentMs > toMs) return undefined;
  const message = decodeMessage(line);
  return message && { id, message, sentMs, receivedMs };
}

/** Jepsen's form of a history: an event when an operation is invoked, another when it completes. */
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
