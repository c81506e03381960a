/**
 * Asks the servers of a deployment over their HTTP API, and waits for states that have to come. Every request has a
 * deadline, and so has every wait.
 */
import { request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { isObject, parseJson } from '../../runtime/json.ts';
import { asError } from '../../runtime/error.ts';
import { systemClock } from '../../runtime/system.ts';
import { Failure } from './failure.ts';
import type { Narrator } from './narrator.ts';

/** A server as this machine and as its peers reach it. */
export interface Server {
  readonly id: string;
  /** For requests from this machine: `http://127.0.0.1:8081`. */
  readonly url: string;
  /** What its peers call it: `node-1:8080`. */
  readonly address: string;
}

export interface Answer {
  /** Whether the request was accepted. */
  readonly isOk: boolean;
  /** The code of the error if it was refused. */
  readonly code: string | undefined;
  readonly json: unknown;
  /** The status and the body, for people. */
  readonly text: string;
}

const REQUEST_MS = 10_000;
/** After a cut, servers may take half a minute until they try each other again. */
const PATIENCE_MS = 60_000;
const INTERVAL_MS = 50;

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => void systemClock.after(ms, resolve));

/**
 * Resolves with what `look` returns once that is not undefined. Rejects with a Failure that says what was waited for, and
 * what `look` said last in its place.
 */
export async function until<T>(
  what: string,
  look: (instead: (text: string) => void) => Promise<T | undefined>,
): Promise<T> {
  const giveUpMs = systemClock.nowMs() + PATIENCE_MS;
  let last = '';
  for (;;) {
    const found = await look((text) => (last = text));
    if (found !== undefined) return found;
    if (systemClock.nowMs() > giveUpMs) {
      throw new Failure(`not within ${PATIENCE_MS / 1000} s: ${what}${last === '' ? '' : ` (${last})`}`);
    }
    await sleep(INTERVAL_MS);
  }
}

export class Client {
  readonly #token: () => string | undefined;
  readonly #narrator: Narrator;

  /** `token` returns what writers must present, if anything. */
  constructor(token: () => string | undefined, narrator: Narrator) {
    this.#token = token;
    this.#narrator = narrator;
  }

  /** Asks without a word. Returns undefined if the server does not answer. */
  async tryToAsk(server: Server, method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    try {
      return await this.#send(server, method, path, body);
    } catch {
      return undefined;
    }
  }

  /** Asks, and shows that. Rejects with a Failure if the server does not answer. */
  async ask(server: Server, method: string, path: string, body?: unknown): Promise<Answer> {
    const what = `${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;
    try {
      const answer = await this.#send(server, method, path, body);
      this.#narrator.exchange(server.id, what, answer.text);
      return answer;
    } catch (error) {
      if (error instanceof Failure) throw error;
      const why = asError(error).message;
      throw new Failure(`${server.id} does not answer at ${server.url} (${why}); \`make logs\` may say why`);
    }
  }

  /** Asks, and shows that. Rejects with a Failure unless the request is accepted. */
  async get(server: Server, path: string): Promise<unknown> {
    return accepted(server, `GET ${path}`, await this.ask(server, 'GET', path));
  }

  async post(server: Server, path: string, body: unknown): Promise<unknown> {
    return accepted(server, `POST ${path}`, await this.ask(server, 'POST', path, body));
  }

  async #send({ url }: Server, method: string, path: string, body: unknown): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    const token = method === 'POST' ? this.#token() : undefined;
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const { status, text } = await exchange(`${url}${path}`, method, headers, body);
    const json = jsonOf(text);
    const code = memberOf(memberOf(json, 'error'), 'code');
    const isOk = status < 300;
    return {
      isOk,
      code: typeof code === 'string' ? code : undefined,
      json,
      text: isOk ? text : `${status} ${text}`,
    };
  }
}

/**
 * Sends a request on a connection of its own. Not by `fetch`: in Node 20 that waits for ever, and does not even keep the
 * process alive, when the connection is closed at once, which is what Docker does for a port whose server is starting.
 */
function exchange(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const signal = AbortSignal.timeout(REQUEST_MS);
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false, signal }, (response) => {
      const { statusCode: status = 0 } = response;
      textOf(response).then((text) => resolve({ status, text }), reject);
    });
    asked.once('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function accepted(server: Server, what: string, { isOk, json, text }: Answer): unknown {
  if (!isOk) throw new Failure(`${server.id} refuses ${what}: ${text}`);
  return json;
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** A member of what may be an object. */
export const memberOf = (json: unknown, name: string): unknown => (isObject(json) ? json[name] : undefined);

/** A number of an answer. Throws a Failure if it is none. */
export function numberOf(json: unknown, name: string): number {
  const number = memberOf(json, name);
  if (typeof number === 'number') return number;
  throw new Failure(`the answer has no number '${name}': ${JSON.stringify(json)}`);
}

/** The elements of an answer that is a list of texts. Throws a Failure if it is none. */
export function textsOf(json: unknown): string[] {
  if (Array.isArray(json) && json.every((element) => typeof element === 'string')) return json;
  throw new Failure(`the answer is no list of texts: ${JSON.stringify(json)}`);
}
