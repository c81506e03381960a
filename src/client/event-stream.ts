/**
 * Server-sent events, read from the body of a response: EventSource can neither send a token nor run in Node 20.
 */

export interface ServerEvent {
  /** Undefined if it has none. */
  readonly type: string | undefined;
  readonly id: string;
  readonly data: string;
}

/** Yields the events of a stream as they come; `within` gets each wait for more of it. Ends when the stream does. */
export async function* eventsFrom(
  body: ReadableStream<Uint8Array>,
  within: <T>(reading: Promise<T>) => Promise<T>,
): AsyncGenerator<ServerEvent, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await within(reader.read());
    if (done) return;
    const parts = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
    text = parts.pop() ?? '';
    for (const part of parts) {
      const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)`, 'm').exec(part)?.[1];
      // The data of this server's events is on one line. What has none, such as a comment, is no event.
      const data = field('data');
      if (data !== undefined) yield { type: field('event'), id: field('id') ?? '', data };
    }
  }
}
