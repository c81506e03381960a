import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, get } from 'node:http';
import { parseJson } from '../../src/runtime/json.ts';
import { documentedAs, validateAs } from './api-document.ts';
import { type Counter, counterFrom } from './json.ts';

const validateCounter = validateAs('Counter');

/** A server-sent event. */
export interface Event {
  /** `message` where it has no other. */
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

/** A client that watches, as a browser's EventSource would but for the reconnecting. */
export class EventStream {
  readonly headers: IncomingHttpHeaders;
  readonly #request: ClientRequest;
  readonly #events: Event[] = [];
  #text = '';
  #hasEnded = false;
  #wake: () => void = () => {};

  private constructor(asked: ClientRequest, response: IncomingMessage) {
    this.#request = asked;
    this.headers = response.headers;
    documentedAs('GET', '/counters/watch', {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: '',
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => {});
    response.on('close', () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** Resolves when the server has begun to answer. */
  static open(port: number, query = '', lastEventId?: string): Promise<EventStream> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return new Promise((resolve, reject) => {
      const path = `/counters/watch${query}`;
      const asked = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) =>
        resolve(new EventStream(asked, response)),
      );
      asked.on('error', reject);
    });
  }

  /** The next event; undefined where the stream has ended. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined || this.#hasEnded) return event;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next event, which has to be that of a counter. */
  async nextCounter(): Promise<Counter> {
    const event = await this.next();
    if (event?.type !== 'message') throw new Error(`not of a counter: ${JSON.stringify(event)}`);
    return counterFrom(parseJson(event.data));
  }

  close(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const parts = (this.#text + text).split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon), line.slice(colon + 2)] as const;
        }),
      );
      const data = fields.get('data');
      // What has no data, such as a comment, is no event.
      if (data === undefined) continue;
      if (!fields.has('event')) validateCounter(parseJson(data));
      this.#events.push({ type: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data });
    }
    this.#wake();
  }
}
