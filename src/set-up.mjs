/**
 * Prints what has to be done before the programs can run: nothing, `build`, or `install build` where the tools that the
 * build needs are not there either. Needs no tools itself. Everything is judged by its content, so that in a copy of a
 * checkout that is ready there is nothing to do.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_FROM, ROOT, hashOfSources } from './sources.mjs';

/**
 * @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Package
 * @param {string} path
 * @returns {Record<string, Package>} by the path of its folder
 */
const packagesIn = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;

/** Whether npm has installed what the lock file says, development tools and those of this system included. */
function isInstalled() {
  try {
    const installed = packagesIn('node_modules/.package-lock.json');
    return Object.entries(packagesIn('package-lock.json')).every(
      ([path, wanted]) =>
        path === '' ||
        !isForHere(wanted) ||
        (installed[path]?.version === wanted.version && existsSync(join(ROOT, path, 'package.json'))),
    );
  } catch {
    return false;
  }
}

/** Whether npm would install a package here. Of optional ones, only those that are certain to be needed count. */
function isForHere(/** @type {Package} */ { optional = false, os, cpu, libc }) {
  if (!optional) return true;
  return Boolean(os?.includes(process.platform) && cpu?.includes(process.arch) && libc === undefined);
}

const isBuilt =
  ['g-counter', 'g-counter-workbench'].every((name) => existsSync(join(ROOT, `dist/${name}.cjs`))) &&
  existsSync(BUILT_FROM) &&
  readFileSync(BUILT_FROM, 'utf8').trim() === hashOfSources();
if (!isBuilt) console.log(isInstalled() ? 'build' : 'install build');
