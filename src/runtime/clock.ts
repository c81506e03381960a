/** The passage of time, as the code above sees it: real in a process, virtual in a simulation. */
export interface Clock {
  /** Milliseconds since a fixed but arbitrary moment, with a fraction. Never goes back. */
  nowMs(): number;
  /** Runs `task` once, `delayMs` milliseconds from now, unless cancelled before. */
  after(delayMs: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
