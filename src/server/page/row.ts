/**
 * A counter in the table: its elements, what they show, and the form that adds to it. An update shows with the next
 * `paint`, which the list calls once a frame, however many updates there were.
 */
import type { AddForm } from './add.ts';
import { byId, find } from './dom.ts';
import { formatCount, formatRate } from './format.ts';
import { paintParts } from './parts.ts';
import type { Counter } from './replies.ts';
import { Trend } from './trend.ts';

/** How long a changed value stays lit, at least. */
const GLOW_MS = 300;

const template = byId('row', HTMLTemplateElement);

export class CounterRow {
  readonly body: HTMLElement;
  readonly #value: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #names: HTMLElement;
  readonly #line: SVGPathElement;
  readonly #rate: HTMLElement;
  readonly #trend: Trend;
  #counter: Counter;
  #changedMs = -Infinity;

  /** `start` is where its trend begins. */
  constructor(counter: Counter, start: number, onAdd: (key: string, form: AddForm) => void) {
    this.#counter = counter;
    this.#trend = new Trend(start);
    const body = find(document.importNode(template.content, true), 'tbody', HTMLElement);
    this.body = body;
    this.#value = find(body, '.value span', HTMLElement);
    this.#bar = find(body, '.bar', HTMLElement);
    this.#names = find(body, '.names', HTMLElement);
    this.#line = find(body, 'path', SVGPathElement);
    this.#rate = find(body, '.rate', HTMLElement);
    this.#setUpForm(onAdd);
  }

  get key(): string {
    return this.#counter.key;
  }

  get value(): number {
    return this.#counter.value;
  }

  update(counter: Counter): void {
    this.#trend.restartBelow(counter.value);
    this.#counter = counter;
  }

  /** Has the next `paint` light the value up, as it has just changed. */
  light(): void {
    this.#changedMs = performance.now();
  }

  /** Shows the counter, and returns how many characters its value takes. */
  paint(): number {
    const text = formatCount(this.value);
    this.#value.textContent = text;
    paintParts(this.#bar, this.#names, this.#counter);
    if (!this.#isFaded()) this.#value.classList.add('hot');
    return text.length;
  }

  /** Takes the samples of the last `seconds` and shows the trend. */
  tick(seconds: number): void {
    this.#trend.sample(this.value, seconds);
    const { perSecond } = this.#trend;
    this.#line.setAttribute('d', this.#trend.path);
    this.#rate.textContent = formatRate(perSecond);
    this.body.classList.toggle('idle', perSecond === 0);
    if (this.#isFaded()) this.#value.classList.remove('hot');
  }

  #isFaded(): boolean {
    return performance.now() - this.#changedMs >= GLOW_MS;
  }

  #setUpForm(onAdd: (key: string, form: AddForm) => void): void {
    const { key, body } = this;
    const name = find(body, 'bdi', HTMLElement);
    name.textContent = key;
    if (name.parentElement !== null) name.parentElement.title = key;
    const amount = find(body, 'input', HTMLInputElement);
    const button = find(body, 'button', HTMLButtonElement);
    const error = find(body, '.error', HTMLElement);
    const nameButton = (): void => {
      button.textContent = `+${amount.value || 1}`;
      button.ariaLabel = `Add ${amount.value || 1} to ${key}`;
    };
    nameButton();
    amount.ariaLabel = `Amount to add to ${key}`;
    amount.addEventListener('input', nameButton);
    find(body, 'form', HTMLFormElement).addEventListener('submit', () =>
      onAdd(key, { amount, button, error }),
    );
  }
}
