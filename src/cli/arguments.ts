/**
 * Reads command lines: Node's parser, and the values of flags with their ranges. Every mistake becomes a UsageError, which a
 * program reports in one line, with exit status 2.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** The command line is wrong. The message is one line, for the person who typed it. */
export class UsageError extends Error {}

/** The exit status after a UsageError. */
export const EXIT_USAGE = 2;

/** Reports a UsageError on stderr and sets the exit status. Returns false, and does nothing, for any other error. */
export function reportsUsage(program: string, error: unknown): boolean {
  if (!(error instanceof UsageError)) return false;
  process.stderr.write(`${program}: ${error.message}; see --help\n`);
  process.exitCode = EXIT_USAGE;
  return true;
}

export type OptionSpecs = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** Parses arguments as Node's own parser does. Throws a UsageError. */
export function parseOptions<Specs extends OptionSpecs>(
  args: string[],
  options: Specs,
  allowPositionals: boolean,
) {
  try {
    return parseArgs({ args, options, allowPositionals, strict: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')) {
      throw new UsageError(error.message.split(/\.\s/)[0] ?? error.message);
    }
    throw error;
  }
}

/** Reads the value of a numeric flag. Throws a UsageError if it is out of range. */
export function numberFrom(flag: string, text: string, range: NumberRange): number {
  const { min, max = MOST, integer = false } = range;
  const number = Number(text);
  const fits = number >= min && number <= max && (!integer || Number.isSafeInteger(number));
  if (text.trim() !== '' && fits) return number;
  const kind = integer ? 'a whole number' : 'a number';
  throw new UsageError(`--${flag} takes ${kind} from ${min} to ${max}, not '${text}'`);
}

export interface NumberRange {
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** The bound of flags that have none of their own. Timers can count to it, in milliseconds and in seconds. */
const MOST = 1_000_000;

/** Reads the value of a flag that takes one of a few words. Throws a UsageError. */
export function choiceFrom<Choice extends string>(
  flag: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new UsageError(`--${flag} takes ${choices.join(', ')}, not '${text}'`);
  return choice;
}

/** Returns the elements of a comma-separated list. */
export const listFrom = (list: string): string[] =>
  list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');

/** Reads the value of a flag that takes several of a few words, or `all` for all of them. Throws a UsageError. */
export function choicesFrom<Choice extends string>(
  flag: string,
  list: string,
  choices: readonly Choice[],
): Set<Choice> {
  const chosen = listFrom(list).map((name) => choiceFrom<Choice | 'all'>(flag, name, ['all', ...choices]));
  return new Set(chosen.flatMap((name): readonly Choice[] => (name === 'all' ? choices : [name])));
}

/** Reads the file that a flag names, without white space around its content. Throws a UsageError if it is empty. */
export function contentFrom(flag: string, path: string): string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8').trim();
  } catch {
    throw new UsageError(`--${flag} ${path} cannot be read`);
  }
  if (content === '') throw new UsageError(`--${flag} ${path} is empty`);
  return content;
}

/** Checks the value of --bin, the path of a program. Throws a UsageError. */
export function programFrom(bin: string): string {
  try {
    accessSync(bin, constants.X_OK);
  } catch {
    throw new UsageError(`--bin ${bin} does not exist or is not executable`);
  }
  if (!statSync(bin).isFile()) throw new UsageError(`--bin ${bin} is not a file`);
  return bin;
}

/** Splits arguments at `--`: what follows it is for the node. */
export function splitNodeArguments(args: string[]): { own: string[]; forNode: string[] } {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  return { own: args.slice(0, end), forNode: args.slice(end + 1) };
}
