/**
 * The documents whose claims are tested: the README and the pages of docs/.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** The text of each document, by its path. */
export type Documents = ReadonlyMap<string, string>;

export const documents: Documents = new Map(
  ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)]
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, readFileSync(path, 'utf8')]),
);

/** All documents as one text. */
export const allText = [...documents.values()].join('\n');

/** The text of one document. Throws if there is none. */
export function textOf(path: string): string {
  const text = documents.get(path);
  if (text === undefined) throw new Error(`there is no ${path}`);
  return text;
}

export const sorted = (words: Iterable<string>): string[] => [...new Set(words)].toSorted();

/** The paths of all files and folders below a folder. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (name) => `${folder}/${name.replaceAll('\\', '/')}`,
  );
