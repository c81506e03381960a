/**
 * What the server measures of its own work, in Prometheus' text format. The names of the metrics are an API: they are
 * written here, in status.ts and in the CLI's process-figures.ts and etcd-figures.ts, and nowhere else.
 */

/** Counts of observations up to each of some bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` in ascending order. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] ?? 0)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** The lines of the histogram `name`; `labels` is empty or `a="b",`. */
  lines(name: string, labels = ''): string[] {
    const lines: string[] = [];
    let count = 0;
    for (const [index, bound] of [...this.#bounds, '+Inf'].entries()) {
      count += this.#counts[index] ?? 0;
      lines.push(`${name}_bucket{${labels}le="${bound}"} ${count}`);
    }
    const suffix = labels === '' ? '' : `{${labels.slice(0, -1)}}`;
    return [...lines, `${name}_sum${suffix} ${this.#sum}`, `${name}_count${suffix} ${count}`];
  }
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const COMMIT_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

/** A figure with one sample, or one for each text of labels. */
export interface Figure {
  /** Without the prefix that all metrics have but those of the process, which go by the names that all programs use. */
  readonly name: string;
  readonly type?: 'gauge' | 'counter';
  readonly help: string;
  readonly value: number | ReadonlyMap<string, number>;
}

/** The text of labels, with what has a meaning there escaped. */
export const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replaceAll(/[\\"\n]/g, (it) => (it === '\n' ? '\\n' : `\\${it}`))}"`,
    )
    .join(',');

const samplesOf = (value: Figure['value']): string[] =>
  typeof value === 'number' ? [` ${value}`] : [...value].map(([labels, each]) => `{${labels}} ${each}`);

export class Metrics {
  readonly #routes = new Map<string, { duration: Histogram; counts: Map<string, number> }>();
  readonly #commitSizes = new Histogram(COMMIT_SIZES);
  readonly #commitSeconds = new Histogram(SECONDS);
  readonly #readSeconds = new Histogram(SECONDS);
  readonly #loopLagSeconds = new Histogram(SECONDS);
  readonly #ofProcess: () => readonly Figure[];
  #increments = 0;

  /** `ofProcess` returns figures about the process as a whole, as they are when it is called. */
  constructor(ofProcess: () => readonly Figure[] = () => []) {
    this.#ofProcess = ofProcess;
  }

  /** Records a request that has been answered. */
  request(route: string, method: string, status: number, durationMs: number): void {
    let entry = this.#routes.get(route);
    if (entry === undefined) {
      entry = { duration: new Histogram(SECONDS), counts: new Map() };
      this.#routes.set(route, entry);
    }
    entry.duration.observe(durationMs / 1000);
    const labels = `method="${method}",status="${status}"`;
    entry.counts.set(labels, (entry.counts.get(labels) ?? 0) + 1);
  }

  /** Records a batch that has been committed. */
  commit(increments: number, durationMs: number): void {
    this.#increments += increments;
    this.#commitSizes.observe(increments);
    this.#commitSeconds.observe(durationMs / 1000);
  }

  /** Records reads that an engine has done together. */
  read(durationMs: number): void {
    this.#readSeconds.observe(durationMs / 1000);
  }

  /** Records how late a timer was. */
  loopLag(lagMs: number): void {
    this.#loopLagSeconds.observe(lagMs / 1000);
  }

  /** All metrics in Prometheus' text format, followed by `figures`, which are read at this moment. */
  text(figures: readonly Figure[]): string {
    const routes = [...this.#routes];
    return [
      ...family(
        'http_requests_total',
        'counter',
        'Requests answered.',
        routes.flatMap(([route, { counts }]) =>
          [...counts].map(([labels, count]) => `{route="${route}",${labels}} ${count}`),
        ),
      ),
      ...histogramFamily('http_request_duration_seconds', 'Time from a request to its answer.', (name) =>
        routes.flatMap(([route, { duration }]) => duration.lines(name, `route="${route}",`)),
      ),
      ...family('increments_total', 'counter', 'Increments stored since the start.', [
        ` ${this.#increments}`,
      ]),
      ...histogramFamily(
        'flush_increments',
        'Increments that share one commit: a sync of the log, or a transaction.',
        (name) => this.#commitSizes.lines(name),
      ),
      ...histogramFamily('flush_duration_seconds', 'Time of a commit.', (name) =>
        this.#commitSeconds.lines(name),
      ),
      ...histogramFamily(
        'store_read_duration_seconds',
        'Time to read counters that are not on this machine; those that wait share a read.',
        (name) => this.#readSeconds.lines(name),
      ),
      ...histogramFamily(
        'event_loop_lag_seconds',
        'How late timers are: how long what arrives has to wait for its turn.',
        (name) => this.#loopLagSeconds.lines(name),
      ),
      ...[...figures, ...this.#ofProcess()].flatMap(({ name, type = 'gauge', help, value }) =>
        family(name, type, help, samplesOf(value)),
      ),
      '',
    ].join('\n');
  }
}

const fullName = (name: string): string => (name.startsWith('process_') ? name : `g_counter_${name}`);

const family = (name: string, type: string, help: string, samples: readonly string[]): string[] => [
  `# HELP ${fullName(name)} ${help}`,
  `# TYPE ${fullName(name)} ${type}`,
  ...samples.map((sample) => `${fullName(name)}${sample}`),
];

const histogramFamily = (name: string, help: string, lines: (name: string) => string[]): string[] => [
  ...family(name, 'histogram', help, []),
  ...lines(fullName(name)),
];
