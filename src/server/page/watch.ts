/**
 * The stream of events by which the server reports changed counters. The browser restores a lost connection itself, but
 * gives up when the server refuses one. Then `isClosed` is true, and the stream stays silent until it is opened again.
 */
import { parseJson } from '../../runtime/json.ts';
import { type Counter, counterFrom } from './replies.ts';
import { urlOf } from './urls.ts';

interface WatchEvents {
  /** Changes may have been missed: the list has to be loaded. */
  readonly onStale: () => void;
  readonly onChange: (counter: Counter) => void;
  /** The stream has been opened, lost or closed. */
  readonly onState: () => void;
}

export class CounterWatch {
  readonly #events: WatchEvents;
  #source: EventSource | undefined;

  constructor(events: WatchEvents) {
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#source?.readyState === EventSource.OPEN;
  }

  get isClosed(): boolean {
    return this.#source?.readyState === EventSource.CLOSED;
  }

  /** Watches the counters whose keys begin with `prefix`, and no others any more. */
  open(prefix: string): void {
    const { onStale, onChange, onState } = this.#events;
    this.#source?.close();
    const source = new EventSource(urlOf(`counters/watch?${new URLSearchParams({ prefix })}`));
    this.#source = source;
    source.addEventListener('reset', onStale);
    source.addEventListener('message', ({ data }) => onChange(counterFrom(parseJson(String(data)))));
    source.addEventListener('open', onState);
    source.addEventListener('error', () => {
      onState();
      if (source.readyState === EventSource.CLOSED) onStale();
    });
  }
}
