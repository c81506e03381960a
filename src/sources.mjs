/**
 * What dist/ is built from, as a hash that the build leaves in dist/sources.sha256. Times would not do: a copy of a
 * checkout has others.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where the build leaves the hash of what it was made from. */
export const BUILT_FROM = join(ROOT, 'dist/sources.sha256');

/** Returns a hash of the names and contents of all sources. */
export function hashOfSources() {
  const hash = createHash('sha256');
  // An editor may leave links there that lead nowhere.
  const isSource = (/** @type {string} */ path) =>
    statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile();
  const below = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = below.map((name) => join('src', name)).filter(isSource);
  for (const path of ['package.json', 'package-lock.json', ...sources.toSorted()]) {
    const content = readFileSync(join(ROOT, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}
