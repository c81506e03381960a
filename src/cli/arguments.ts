import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** The command line makes no sense. The message is one line, for the person who typed it. */
export class UsageError extends Error {}

/** The exit status after a UsageError. */
export const EXIT_USAGE = 2;

/** Says what is wrong with the command line, and sets the exit status. Answers false for any other error. */
export function reportsUsage(program: string, error: unknown): boolean {
  if (!(error instanceof UsageError)) return false;
  process.stderr.write(`${program}: ${error.message}; see --help\n`);
  process.exitCode = EXIT_USAGE;
  return true;
}

export type OptionSpecs = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** Node's own parser, with its complaints as one-line UsageErrors. */
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

/** Reads the value of a numeric flag. */
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

/** Bounds what has no bound of its own. As milliseconds or seconds, it is still a time that timers can count. */
const MOST = 1_000_000;

/** Reads the value of a flag that names one of a few things. */
export function choiceFrom<Choice extends string>(
  flag: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new UsageError(`--${flag} takes ${choices.join(', ')}, not '${text}'`);
  return choice;
}

/** The elements of a list that is separated by commas. */
export const listFrom = (list: string): string[] =>
  list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');

/** Reads the value of a flag that names several of a few things, or `all` of them. */
export function choicesFrom<Choice extends string>(
  flag: string,
  list: string,
  choices: readonly Choice[],
): Set<Choice> {
  const chosen = listFrom(list).map((name) => choiceFrom<Choice | 'all'>(flag, name, ['all', ...choices]));
  return new Set(chosen.flatMap((name): readonly Choice[] => (name === 'all' ? choices : [name])));
}

/** Reads the file that a flag names, which must have something in it. */
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

/** Reads the value of --bin, the path of a program. */
export function programFrom(bin: string): string {
  try {
    accessSync(bin, constants.X_OK);
  } catch {
    throw new UsageError(`--bin ${bin} does not exist or is not executable`);
  }
  if (!statSync(bin).isFile()) throw new UsageError(`--bin ${bin} is not a file`);
  return bin;
}

/** What follows `--` is for the node, unread by us. */
export function splitNodeArguments(args: string[]): { own: string[]; forNode: string[] } {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  return { own: args.slice(0, end), forNode: args.slice(end + 1) };
}
