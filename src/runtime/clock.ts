/**
 * The port to time: real in a process, virtual in a simulation.
 */

export interface Clock {
  /** Milliseconds since an arbitrary but fixed moment, with fractions. Never goes back. */
  nowMs(): number;
  /** Runs `task` once, `delayMs` from now, unless it is cancelled before. */
  after(delayMs: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
