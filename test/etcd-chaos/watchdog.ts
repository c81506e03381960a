/**
 * Asks front ends for their health and metrics all the time, as load balancers and monitoring do. They should answer within
 * a few seconds whatever etcd does.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { ask } from './ask.ts';
import type { FrontEnd } from './front-end.ts';

const INTERVAL_MS = 500;
const TIMEOUT_MS = 30_000;

export class Watchdog {
  readonly #frontEnds: readonly FrontEnd[];
  /** How often which path was answered with which status. */
  readonly #answers = new Map<string, number>();
  readonly #longestMs = new Map<string, number>();

  constructor(frontEnds: readonly FrontEnd[]) {
    this.#frontEnds = frontEnds;
  }

  async run(isOver: () => boolean): Promise<void> {
    await Promise.all(
      this.#frontEnds.flatMap((frontEnd) =>
        ['/health', '/metrics'].map(async (path) => {
          while (!isOver()) {
            await this.#look(frontEnd, path);
            await pass(INTERVAL_MS);
          }
        }),
      ),
    );
  }

  summary(): string[] {
    return [
      ...[...this.#longestMs].map(
        ([path, durationMs]) => `slowest answer to ${path}: ${Math.round(durationMs)} ms`,
      ),
      ...[...this.#answers]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([answer, count]) => `${count} x ${answer}`),
    ];
  }

  async #look(frontEnd: FrontEnd, path: string): Promise<void> {
    if (!frontEnd.isUp) return;
    const { interruptions } = frontEnd;
    const startMs = performance.now();
    const { status, body } = await ask(frontEnd.port, { method: 'GET', path }, TIMEOUT_MS);
    // One that was killed or stood still meanwhile could not answer.
    if (frontEnd.interruptions !== interruptions || !frontEnd.isUp) return;
    const durationMs = performance.now() - startMs;
    this.#longestMs.set(path, Math.max(this.#longestMs.get(path) ?? 0, durationMs));
    const said = /"status":"([\w-]+)"/.exec(body)?.[1] ?? (status === 0 ? body : '');
    const answer = `${path}: ${status} ${said}`.trimEnd();
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
  }
}
