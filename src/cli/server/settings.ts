/**
 * Where the values of the server's options come from: the command line, or else the environment. A value is checked in the
 * same way wherever it is from, and a mistake is reported under the name that it was given by.
 */
import { type NumberRange, UsageError, numberFrom, written } from '../arguments.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Flags as they were given. */
export type GivenFlags = Readonly<Record<string, string | boolean | undefined>>;

export class Settings<Flag extends string> {
  readonly #flags: GivenFlags;
  readonly #environment: Environment;
  /** For the log: which variables are ignored, and why. */
  readonly warnings: string[] = [];

  constructor(flags: GivenFlags, environment: Environment) {
    this.#flags = flags;
    this.#environment = environment;
  }

  /** The value of an option; undefined if it is not set. Throws a UsageError if there is nothing in it. */
  text(flag: Flag): string | undefined {
    const value = this.#value(flag);
    if (value === undefined || /[^\s,]/.test(value)) return value;
    throw new UsageError(`${written(this.nameOf(flag))} takes a value, not '${value}'`);
  }

  /** What the value of an option goes by in messages: its flag, without dashes, or its variable. */
  nameOf(flag: Flag): string {
    return this.#flags[flag] === undefined && this.#variable(flag) !== undefined ? variableOf(flag) : flag;
  }

  /** A whole number; `fallback` if the option is not set. Throws a UsageError if it is out of range. */
  count(flag: Flag, fallback: number, range: NumberRange): number {
    const text = this.#value(flag);
    if (text === undefined) return fallback;
    if (this.nameOf(flag) !== flag && SERVICE.test(text)) {
      this.warnings.push(
        `${variableOf(flag)}=${text} is ignored: it is the address of a service, as Kubernetes sets it, and no number; the default is ${fallback}, and --${flag} sets another`,
      );
      return fallback;
    }
    return numberFrom(this.nameOf(flag), text, { ...range, integer: true });
  }

  /** Whether a flag without a value is given, or its variable says yes. Throws a UsageError if that is not a yes or no. */
  isSet(flag: Flag): boolean {
    const given = this.#flags[flag];
    if (given !== undefined) return given === true;
    const word = this.#variable(flag)?.trim().toLowerCase() ?? '';
    if (YES.includes(word)) return true;
    if (word === '' || NO.includes(word)) return false;
    throw new UsageError(
      `${variableOf(flag)} takes ${[...YES, ...NO].join(', ')}, not '${this.#variable(flag)}'`,
    );
  }

  /**
   * Throws a UsageError if one of some flags is on the command line, where it would have no effect. Variables may be there
   * for other programs.
   */
  refuse(flags: readonly string[], why: string): void {
    const given = flags.find((flag) => this.#flags[flag] !== undefined);
    if (given !== undefined) throw new UsageError(`--${given} ${why}`);
  }

  #value(flag: Flag): string | undefined {
    const value = this.#flags[flag] ?? this.#variable(flag);
    return typeof value === 'string' ? value : undefined;
  }

  /** A variable that is set to nothing is not set; a flag that was given nothing may be an unset variable of a script. */
  #variable(flag: Flag): string | undefined {
    // Some shells set HOST to the name of the machine, which would open the server to the network.
    return flag === 'host' ? undefined : this.#environment[variableOf(flag)] || undefined;
  }
}

/** For a service `discovery`, Kubernetes sets DISCOVERY_PORT to `tcp://10.3.0.1:7000`, and so do links of Docker. */
const SERVICE = /^(?:tcp|udp|sctp):\/\//i;

const YES = ['yes', 'true', 'on', '1'];
const NO = ['no', 'false', 'off', '0'];

const variableOf = (flag: string): string => flag.toUpperCase().replaceAll('-', '_');
