/**
 * Replays a recorded conversation to one node and compares what it sends. A fixture has one message a line, in both
 * directions: what the node receives, and (with its own name in `src`) what it must send. It starts with init. Lines
 * that are empty or begin with `#` are for people. What is expected between two messages to the node may come in any
 * order. The `msg_id`s of the node's own requests are only names in a fixture: the node chooses its own, and replies to
 * them are translated. `"*"` in an expected message matches anything.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Message, decodeMessage, isMessageId } from '../maelstrom/message.ts';
import { isObject } from '../runtime/json.ts';
import type { Clock } from '../runtime/clock.ts';
import type { StartHost } from './nodes/host.ts';

interface Line {
  readonly number: number;
  readonly message: Message;
}

export interface Fixture {
  readonly nodeId: string;
  readonly lines: readonly Line[];
}

/** The text is not a fixture. The message names the line. */
export class FixtureError extends Error {}

export interface Difference {
  /** The line of the fixture at which the node departed from it. */
  readonly line: number;
  /** The messages that would have been right. */
  readonly expected: readonly Message[];
  /** The message that came instead, or what happened. */
  readonly actual: Message | string;
}

/** Reads a fixture. Throws a FixtureError. */
export function parseFixture(text: string): Fixture {
  const lines: Line[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const message = decodeMessage(line);
    if (message === undefined) throw new FixtureError(`line ${index + 1} is not a message`);
    lines.push({ number: index + 1, message });
  }
  const init = lines[0]?.message.body;
  if (init?.['type'] !== 'init' || typeof init['node_id'] !== 'string') {
    throw new FixtureError('the first message is not an init that names the node');
  }
  return { nodeId: init['node_id'], lines };
}

/** Resolves with the first difference, or undefined if there is none. Each message may take up to `timeoutMs`. */
export async function replay(
  fixture: Fixture,
  startHost: StartHost,
  clock: Clock,
  timeoutMs: number,
): Promise<Difference | undefined> {
  const inbox = new Inbox(clock);
  const host = startHost(fixture.nodeId, {
    onMessage: (message) => inbox.put(message),
    onGarbage: (text) => inbox.put(`the node ${text}`),
    onEnd: (text) => inbox.put(`the node ${text}`),
  });
  const ids = new Map<unknown, unknown>();
  let expected: Line[] = [];
  try {
    for (const line of fixture.lines) {
      if (line.message.src === fixture.nodeId) {
        expected.push(line);
        continue;
      }
      const difference = await expectAll(expected, inbox, ids, timeoutMs);
      if (difference !== undefined) return difference;
      expected = [];
      host.deliver(translate(line.message, ids));
    }
    return (await expectAll(expected, inbox, ids, timeoutMs)) ?? (await expectSilence(fixture, inbox));
  } finally {
    await host.kill();
  }
}

/** Takes as many messages as are expected; each must match one of these. */
async function expectAll(
  lines: readonly Line[],
  inbox: Inbox,
  ids: Map<unknown, unknown>,
  timeoutMs: number,
): Promise<Difference | undefined> {
  const open = [...lines];
  for (let [first] = open; first !== undefined; [first] = open) {
    const actual = (await inbox.take(timeoutMs)) ?? `nothing for ${timeoutMs / 1000} s`;
    const match = open.findIndex((line) => typeof actual !== 'string' && matches(line.message, actual));
    const [met] = match === -1 ? [] : open.splice(match, 1);
    if (met === undefined || typeof actual === 'string') {
      return { line: first.number, expected: open.map((line) => line.message), actual };
    }
    ids.set(met.message.body['msg_id'], actual.body['msg_id']);
  }
  return undefined;
}

/** How long to wait for messages after the last expected one. */
const SILENCE_MS = 100;

async function expectSilence({ lines }: Fixture, inbox: Inbox): Promise<Difference | undefined> {
  const actual = await inbox.take(SILENCE_MS);
  return actual === undefined ? undefined : { line: lines.at(-1)?.number ?? 0, expected: [], actual };
}

/** Gives a reply to one of the node's own requests the id that the node chose for that request. */
function translate(message: Message, ids: ReadonlyMap<unknown, unknown>): Message {
  const inReplyTo = message.body['in_reply_to'];
  if (!ids.has(inReplyTo)) return message;
  return { ...message, body: { ...message.body, in_reply_to: ids.get(inReplyTo) } };
}

function matches(expected: Message, actual: Message): boolean {
  const { src, dest, body } = actual;
  if (src !== expected.src || dest !== expected.dest) return false;
  if (isMessageId(expected.body['msg_id']) !== isMessageId(body['msg_id'])) return false;
  return fits({ ...expected.body, msg_id: undefined }, { ...body, msg_id: undefined });
}

function fits(expected: unknown, actual: unknown): boolean {
  if (expected === '*') return true;
  if (!isObject(expected) || !isObject(actual)) return isDeepStrictEqual(expected, actual);
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].every((key) => fits(expected[key], actual[key]));
}

/** What the node sends, one message at a time. */
class Inbox {
  readonly #clock: Clock;
  readonly #waiting: (Message | string)[] = [];
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(message: Message | string): void {
    this.#waiting.push(message);
    this.#wake?.();
  }

  /** Resolves with the next message, or undefined if none comes within `timeoutMs`. */
  async take(timeoutMs: number): Promise<Message | string | undefined> {
    const message = this.#waiting.shift();
    if (message !== undefined) return message;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(timeoutMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    return this.#waiting.shift();
  }
}
