/**
 * What the programs of this folder have in common: how they begin, speak and end.
 */
import { reportsUsage } from '../arguments.ts';

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs a program. `main` resolves with the exit status, or with a sentence about why nothing was started. */
export function launch(program: string, main: (args: string[]) => Promise<number | string>): void {
  // The servers go on when nothing reads their output any more.
  process.stdout.on('error', () => {});
  main(process.argv.slice(2)).then(
    (outcome) => {
      if (typeof outcome === 'string') process.stderr.write(`${program}: ${outcome}\n`);
      process.exitCode = typeof outcome === 'string' ? 1 : outcome;
    },
    (error: unknown) => {
      if (!reportsUsage(program, error)) throw error;
    },
  );
}
