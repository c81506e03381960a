/**
 * Finds past runs on disk, laid out as Maelstrom lays them out: `<run directory>/<test>/<timestamp>/`.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseJson } from '../../runtime/json.ts';
import type { StoredRun } from '../report/run-list.ts';

/** All runs, in no particular order. Symbolic links such as `latest` lead to runs that are listed anyway. */
export function storedRuns(root: string): StoredRun[] {
  return directoriesIn(root).flatMap((test) =>
    directoriesIn(join(root, test)).map((timestamp): StoredRun => {
      const path = join(root, test, timestamp);
      const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => statSync(join(path, name), { throwIfNoEntry: false })?.isFile())
        .map((name) => name.replaceAll(sep, '/'));
      return { test, timestamp, files: files.toSorted(), results: resultsIn(path) };
    }),
  );
}

const directoriesIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

/** Undefined for a run that has not finished, or whose results cannot be read. */
function resultsIn(path: string): unknown {
  try {
    return parseJson(readFileSync(join(path, 'results.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
