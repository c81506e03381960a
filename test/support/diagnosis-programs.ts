/**
 * The programs of docs/diagnoses.md: each mistake as lines of a program that are to be replaced by others. A block
 * `js one-node.mjs` is a program, a block `diff one-node.mjs` what makes a mistake (`-`) in it and cures it (`+`).
 */
import { blocksOf } from './markdown.ts';

const languages = ['mjs', 'py'] as const;
export type Language = (typeof languages)[number];

/** A program with one mistake, the same without it, and the flags with which the mistake shows. */
export interface Lesson {
  readonly id: string;
  readonly language: Language;
  readonly wrong: string;
  readonly cured: string;
  readonly flags: readonly string[];
}

/** Every mistake in every language. */
export function lessonsIn(text: string): Lesson[] {
  const programs = programsIn(text);
  return sectionsOf(text).flatMap(({ id, body }) => {
    const blocks = blocksOf(body);
    const command = blocks.find(({ info, lines }) => info === 'sh' && lines.join('').includes('./program'));
    if (command === undefined) return [];
    const flags = flagsOf(command.lines);
    return languages.map((language): Lesson => {
      const diff = blocks.find(({ info }) => info.startsWith('diff ') && info.endsWith(`.${language}`));
      // Where there is no difference, the cure is the other program.
      if (diff === undefined) {
        const [wrong, cured] = [`one-node.${language}`, `counter.${language}`].map((name) =>
          programs.get(name),
        );
        return { id, language, wrong: wrong ?? '', cured: cured ?? '', flags };
      }
      const cured = programs.get(diff.info.slice('diff '.length)) ?? '';
      return { id, language, wrong: withMistake(cured, diff.lines), cured, flags };
    });
  });
}

/** The programs of the page, by name. */
export const programsIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    blocksOf(text)
      .filter(({ info }) => /^(?:js|python) \S+$/.test(info))
      .map(({ info, lines }) => [info.split(' ')[1] ?? '', `${lines.join('\n')}\n`]),
  );

function sectionsOf(text: string): { readonly id: string; readonly body: string }[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf('\n');
      return { id: section.slice(0, end), body: section.slice(end) };
    });
}

/** The words after `./program`. */
function flagsOf(lines: readonly string[]): string[] {
  const words = lines.join(' ').replaceAll('\\', ' ').trim().split(/\s+/);
  return words.slice(words.indexOf('./program') + 1);
}

/** Undoes a cure. Throws if its lines are not those of the program. */
export function withMistake(program: string, diff: readonly string[]): string {
  const hunks = diff.join('\n').split(/^@@\n/m);
  return hunks.reduce((text, hunk) => {
    const lines = hunk.trimEnd().split('\n');
    const part = (without: string): string =>
      lines
        .filter((line) => !line.startsWith(without))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const [right, wrong] = [part('-'), part('+')];
    if (!text.includes(right)) throw new Error(`the program does not have the lines\n${right}`);
    return text.replace(right, () => wrong);
  }, program);
}
