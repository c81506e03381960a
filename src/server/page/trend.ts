/**
 * How a value has grown in the last two minutes, from one sample a second: a spark line, and the rate over the last ten
 * seconds. Knows nothing of the document.
 */

const WINDOW_S = 120;
const RATE_SPAN_S = 10;

/** Of the spark line, whose view box is as wide as the window has seconds. */
const TOP = 2;
const BOTTOM = 24;

export class Trend {
  /** The latest last; never empty. */
  #samples: number[];

  constructor(start: number) {
    this.#samples = [start];
  }

  get #latest(): number {
    return this.#samples.at(-1) ?? 0;
  }

  /** Forgets the past if the value has fallen: then the server has forgotten it too. */
  restartBelow(value: number): void {
    if (value < this.#latest) this.#samples = [value];
  }

  /** Takes the samples of the last `seconds`: more than one if the page was hidden, for which a straight line stands. */
  sample(value: number, seconds: number): void {
    const before = this.#latest;
    for (let second = Math.max(1, seconds - WINDOW_S); second <= seconds; second++) {
      this.#samples.push(before + ((value - before) * second) / seconds);
    }
    this.#samples.splice(0, this.#samples.length - WINDOW_S);
  }

  /** Of the last seconds, or of what there is of them. There must have been a sample. */
  get perSecond(): number {
    const span = Math.min(RATE_SPAN_S, this.#samples.length - 1);
    return (this.#latest - (this.#samples.at(-1 - span) ?? 0)) / span;
  }

  /** As the `d` of an SVG path. */
  get path(): string {
    const [first = 0] = this.#samples;
    const start = WINDOW_S - this.#samples.length;
    const rise = this.#latest - first;
    if (rise === 0) return `M${start} ${BOTTOM}H${WINDOW_S - 1}`;
    const y = (value: number): string => (BOTTOM - ((BOTTOM - TOP) * (value - first)) / rise).toFixed(1);
    return `M${this.#samples.map((value, i) => `${start + i} ${y(value)}`).join('L')}`;
  }
}
