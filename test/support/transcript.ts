/**
 * Transcripts: blocks of the documents that are marked `console run`, with the commands that a reader would type after
 * `$` and what they print. `...` stands for anything, as a line of its own for any lines. In a block marked `numbers` a
 * number stands for any number, and columns may be wider or narrower.
 */
import type { Block } from './markdown.ts';

export interface Step {
  readonly command: string;
  readonly output: string;
}

export interface Transcript {
  readonly steps: readonly Step[];
  /** Whether a fresh server answers at localhost:8080. */
  readonly needsServer: boolean;
  readonly hasAnyNumbers: boolean;
}

/** The transcript of a block, or undefined if it is not marked as runnable. Throws for a mark that means nothing. */
export function transcriptFrom({ info, lines, line }: Block): Transcript | undefined {
  const [language, mark, ...options] = info.split(' ');
  if (mark !== 'run') return undefined;
  const unknown = options.filter((option) => option !== 'server' && option !== 'numbers');
  if (language !== 'console' || unknown.length > 0) throw new Error(`line ${line}: what is '${info}'?`);
  const steps: { command: string; output: string }[] = [];
  for (const each of lines) {
    const last = steps.at(-1);
    if (each.startsWith('$ ')) steps.push({ command: each.slice(2), output: '' });
    else if (last === undefined) throw new Error(`line ${line}: the block does not begin with a command`);
    else if (last.output === '' && last.command.endsWith('\\')) last.command += `\n${each}`;
    else last.output += `${each}\n`;
  }
  if (steps.length === 0) throw new Error(`line ${line}: the block has no command`);
  return { steps, needsServer: options.includes('server'), hasAnyNumbers: options.includes('numbers') };
}

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

function linePattern(line: string, hasAnyNumbers: boolean): string {
  const pattern = line.trimEnd().split('...').map(literally).join('.*');
  if (!hasAnyNumbers) return pattern;
  return pattern.replaceAll(/\d+(?:\\\.\d+)*/g, '\\d+(?:\\.\\d+)*').replaceAll(/ +/g, ' *');
}

/** What a command must print, for comparison with what it has printed. */
export function outputPattern(output: string, hasAnyNumbers: boolean): RegExp {
  const lines = output.trimEnd().split('\n');
  const patterns = lines.map((line) =>
    line === '...' ? '(?:.*\\n)*?' : `${linePattern(line, hasAnyNumbers)} *\\n`,
  );
  return new RegExp(`^${patterns.join('')}$`);
}

/** What a command has printed, in the form that outputPattern expects. */
export const normalized = (printed: string): string => `${printed.trimEnd()}\n`;
