/**
 * The table of counters, in the order of their keys: the first of those with a prefix, as many as were asked for, kept
 * up to date by events. Values grow, so the larger of two is the later, in whichever order they arrive. Changes that
 * arrive during a request for the list wait for its reply, as they may be newer.
 */
import type { AddForm } from './add.ts';
import { isUnauthorized, listCounters, messageOf } from './api.ts';
import { byId, setLine } from './dom.ts';
import type { Counter, CounterPage } from './replies.ts';
import { CounterRow } from './row.ts';
import { askForToken } from './token.ts';

/** Counters per request, and per click on "Show more". */
const PAGE_SIZE = 100;
/** How many events may add to those that were asked for before the list is cut back. */
const SLACK = 400;

const table = byId('counters', HTMLTableElement);
const emptyHint = byId('empty', HTMLElement);
const extent = byId('shown', HTMLElement);
const more = byId('more', HTMLButtonElement);
const problem = byId('list-error', HTMLElement);

export class CounterList {
  readonly #onAdd: (key: string, form: AddForm) => void;
  readonly #rows = new Map<string, CounterRow>();
  /** To be painted in the next frame. */
  readonly #dirty = new Set<CounterRow>();
  #prefix = '';
  #wanted = PAGE_SIZE;
  /** The cursor of the counters after those listed: null if there are none, undefined until there is a list. */
  #cursor: string | null | undefined;
  /** The last key before that cursor. */
  #lastKey = '';
  /** Aborts the request for the list that is under way. */
  #request: AbortController | undefined;
  /** The changes that wait for its reply, by key. */
  #held: Map<string, Counter> | undefined;
  /** How many characters the longest value takes. */
  #digits = 8;

  /** `onAdd` is called when the form of a row is submitted. */
  constructor(onAdd: (key: string, form: AddForm) => void) {
    this.#onAdd = onAdd;
  }

  get prefix(): string {
    return this.#prefix;
  }

  /** Whether the last request for the list has failed. */
  get hasFailed(): boolean {
    return problem.textContent !== '';
  }

  /** Begins anew with other keys. The rows stay until `load` has replaced them. */
  setPrefix(prefix: string): void {
    this.#request?.abort();
    this.#held = undefined;
    this.#cursor = undefined;
    this.#wanted = PAGE_SIZE;
    this.#prefix = prefix;
  }

  showMore(): void {
    this.#wanted += PAGE_SIZE;
    void this.load();
  }

  /** Asks the server for the list. Shows why if that fails, and never rejects. */
  async load(): Promise<void> {
    this.#request?.abort();
    const { signal } = (this.#request = new AbortController());
    this.#held ??= new Map();
    try {
      this.#replace(await this.#fetch(signal));
      setLine(problem, '');
    } catch (error) {
      if (signal.aborted) return; // by a newer request, which takes over what is held
      setLine(problem, `The list is missing or out of date: ${messageOf(error)}`);
      if (isUnauthorized(error)) askForToken();
    }
    const held = this.#held;
    this.#held = undefined;
    for (const counter of held.values()) this.change(counter);
    this.#showExtent();
  }

  /** Takes in that a counter has changed. */
  change(counter: Counter): void {
    if (this.#held !== undefined) {
      this.#held.set(counter.key, counter);
      return;
    }
    let row = this.#rows.get(counter.key);
    if (row === undefined) {
      const isBeyondList = typeof this.#cursor === 'string' && counter.key > this.#lastKey;
      if (isBeyondList) return;
      // A counter that a list did not have began at 0 after it.
      row = this.#insert(counter, this.#cursor === undefined ? counter.value : 0);
      row.light();
    } else {
      if (counter.value < row.value) return;
      // Below a lower bound the parts can grow without the value.
      if (counter.value !== row.value) row.light();
    }
    this.#update(row, counter);
    if (this.#rows.size > this.#wanted + SLACK) void this.load();
  }

  /** Takes samples for the trends; `seconds` have passed since the last ones. */
  tick(seconds: number): void {
    for (const row of this.#rows.values()) row.tick(seconds);
  }

  async #fetch(signal: AbortSignal): Promise<CounterPage> {
    const counters: Counter[] = [];
    let cursor: string | null = null;
    do {
      const page = await listCounters(this.#prefix, PAGE_SIZE, cursor, signal);
      counters.push(...page.counters);
      ({ cursor } = page);
    } while (cursor !== null && counters.length < this.#wanted);
    return { counters, cursor };
  }

  #replace({ counters, cursor }: CounterPage): void {
    const keys = new Set(counters.map(({ key }) => key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      this.#rows.delete(key);
      row.body.remove();
    }
    for (const counter of counters) {
      this.#update(this.#rows.get(counter.key) ?? this.#insert(counter, counter.value), counter);
    }
    this.#cursor = cursor;
    this.#lastKey = counters.at(-1)?.key ?? '';
  }

  #insert(counter: Counter, start: number): CounterRow {
    const row = new CounterRow(counter, start, this.#onAdd);
    let next: CounterRow | undefined;
    for (const other of this.#rows.values()) {
      if (other.key > row.key && (next === undefined || other.key < next.key)) next = other;
    }
    table.insertBefore(row.body, next?.body ?? null);
    this.#rows.set(row.key, row);
    return row;
  }

  #update(row: CounterRow, counter: Counter): void {
    row.update(counter);
    if (this.#dirty.size === 0) requestAnimationFrame(() => this.#paint());
    this.#dirty.add(row);
  }

  #paint(): void {
    for (const row of this.#dirty) this.#makeRoom(row.paint());
    this.#dirty.clear();
    this.#showExtent();
  }

  /** For values of that many characters. */
  #makeRoom(length: number): void {
    if (length <= this.#digits) return;
    this.#digits = length;
    table.style.setProperty('--digits', `${length}`);
  }

  #showExtent(): void {
    const { size } = this.#rows;
    const isFiltered = this.#prefix !== '';
    table.hidden = size === 0;
    emptyHint.hidden = size > 0 || isFiltered || this.#cursor === undefined;
    extent.textContent = size > 0 ? `${size} shown` : isFiltered ? 'No key begins with this.' : '';
    more.hidden = typeof this.#cursor !== 'string';
  }
}
