import {
  type WriteStream,
  createWriteStream,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Moment, Operation } from './history.ts';
import type { Delivery } from './network.ts';
import type { Results } from './results.ts';

/** Where one run is kept: `store/<test>/<timestamp>/`, with `store/latest` pointing to it, as Maelstrom lays it out. */
export class StoreDirectory {
  readonly path: string;
  readonly logs: string;
  readonly #messages: WriteStream;
  #unwritten = '';

  constructor(root: string, test: string, timestamp: string) {
    this.path = join(root, test, timestamp);
    this.logs = join(this.path, 'node-logs');
    mkdirSync(this.logs, { recursive: true });
    const latest = join(root, 'latest');
    // Renamed into place, since another run may be doing the same.
    const link = `${latest}-${process.pid}`;
    symlinkSync(join(test, timestamp), link);
    renameSync(link, latest);
    this.#messages = createWriteStream(join(this.path, 'messages.jsonl'));
  }

  /** Appends to messages.jsonl; in the order in which messages arrived or were lost. */
  recordDelivery({ id, message, sentMs, receivedMs }: Delivery): void {
    const { src, dest, body } = message;
    this.#unwritten += `${JSON.stringify({ id, src, dest, sentMs, receivedMs: receivedMs ?? null, body })}\n`;
    if (this.#unwritten.length < 2 ** 16) return;
    this.#messages.write(this.#unwritten);
    this.#unwritten = '';
  }

  /** Writes history.jsonl and results.json, and resolves when everything is on disk. */
  async finish(operations: readonly Operation[], results: Results): Promise<void> {
    writeFileSync(join(this.path, 'history.jsonl'), historyLines(operations));
    writeFileSync(join(this.path, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
    await new Promise<void>((resolve) => this.#messages.end(this.#unwritten, resolve));
  }
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
