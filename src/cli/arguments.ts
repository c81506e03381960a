/**
 * Reads command lines: Node's parser, and the values of flags with their ranges. Every mistake becomes a UsageError, which a
 * program reports in one line, with exit status 2.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseAuthority } from '../runtime/authority.ts';
import { DecodeError } from '../runtime/decode.ts';
import { asError } from '../runtime/error.ts';
import { utf8Text } from '../runtime/utf8.ts';
import { didYouMean } from './near-miss.ts';

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
      throw new UsageError(`${error.message.split(/\.\s/)[0]}${meantFlag(error.message, options)}`);
    }
    throw error;
  }
}

function meantFlag(message: string, options: OptionSpecs): string {
  const [, flag] = /^Unknown option '--([^']+)'/.exec(message) ?? [];
  return flag === undefined ? '' : didYouMean(flag, Object.keys(options), '--');
}

/** What messages call a value: by its flag, which is given without its dashes, or by its variable, in capitals. */
export const written = (name: string): string => (/^[A-Z]/.test(name) ? name : `--${name}`);

/** Reads the value of a numeric flag. Throws a UsageError if it is out of range. */
export function numberFrom(flag: string, text: string, range: NumberRange): number {
  const { min, max = MOST, integer = false, fraction = false } = range;
  const number = fraction ? fractionFrom(text) : Number(text);
  const isWhole = /^\s*[+-]?\d+\s*$/.test(text) && Number.isSafeInteger(number);
  if (text.trim() !== '' && number >= min && number <= max && (isWhole || !integer)) return number;
  const kind = integer ? 'a whole number' : fraction ? 'a number or a fraction' : 'a number';
  throw new UsageError(`${written(flag)} takes ${kind} from ${min} to ${max}, not '${text}'`);
}

export interface NumberRange {
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
  /** Whether it may also be written as a fraction: `9/10`. */
  readonly fraction?: boolean;
}

/** `9/10` is nine tenths; without a slash, it is a number like any other. */
function fractionFrom(text: string): number {
  const [, numerator, denominator] = /^([+-]?\d+)\/(\d+)$/.exec(text) ?? [];
  return numerator === undefined ? Number(text) : Number(numerator) / Number(denominator);
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
  if (choice === undefined) {
    throw new UsageError(`--${flag} takes ${choices.join(', ')}, not '${text}'${didYouMean(text, choices)}`);
  }
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

/** Reads a list of names of hosts, and returns them as authorities are compared. Throws a UsageError. */
export const hostNamesFrom = (flag: string, list: string): string[] =>
  listFrom(list).map((name) => {
    const authority = parseAuthority(name);
    if (authority !== undefined && authority.host !== '' && authority.port === undefined)
      return authority.host;
    throw new UsageError(`${written(flag)} takes names such as count.example.org, not '${name}'`);
  });

/** Reads the text of the file that a flag names. Throws a UsageError if it cannot be read, is too long or not UTF-8. */
export function textFrom(flag: string, path: string): string {
  try {
    return utf8Text(bytesFrom(path));
  } catch (error) {
    const why = error instanceof DecodeError ? error.message : `cannot be read: ${asError(error).message}`;
    throw new UsageError(`${written(flag)} ${path} ${why}`);
  }
}

const MAX_FILE_BYTES = 2 ** 20;

/** The bytes of a file, which may also be a pipe. Throws a DecodeError if it is too long. */
function bytesFrom(path: string): Buffer {
  const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
  const file = openSync(path, 'r');
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length > MAX_FILE_BYTES) throw new DecodeError(`is longer than ${MAX_FILE_BYTES} bytes`);
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Reads such a file without the white space around its content. Throws a UsageError if it is empty, too. */
export function contentFrom(flag: string, path: string): string {
  const content = textFrom(flag, path).trim();
  if (content === '') throw new UsageError(`${written(flag)} ${path} is empty`);
  return content;
}

/** Splits arguments at `--`: what follows it is for the node. */
export function splitNodeArguments(args: string[]): { own: string[]; forNode: string[] } {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  return { own: args.slice(0, end), forNode: args.slice(end + 1) };
}
