/**
 * The types of the package, made by tsc: those of the entry points and of what they refer to, and nothing else. Each stands
 * there twice, for who imports and for who requires, because TypeScript takes the kind of a module from the name of its file.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './sources.mjs';

const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const SOURCES = 'src/client';
const IMPORT = /\bfrom '\.\/([\w-]+)\.ts'/g;

/**
 * Writes the declarations of modules, which all stand in one folder, to another folder. Rejects with what tsc finds wrong.
 *
 * @param {readonly string[]} entryPoints their paths
 * @param {string} outdir
 */
export async function writeDeclarations(entryPoints, outdir) {
  await mkdir(join(ROOT, 'dist'), { recursive: true });
  const all = await mkdtemp(join(ROOT, 'dist/declarations-'));
  try {
    await emit(all);
    const names = entryPoints.map((path) => basename(relative(SOURCES, path), '.ts'));
    for (const name of names) {
      const text = await readFile(join(all, 'client', `${name}.d.ts`), 'utf8');
      // Those that it refers to come next.
      for (const [, other = ''] of text.matchAll(IMPORT)) if (!names.includes(other)) names.push(other);
      for (const extension of ['js', 'cjs']) {
        const path = join(ROOT, outdir, `${name}.d.${extension.replace('js', 'ts')}`);
        await writeFile(path, text.replaceAll(IMPORT, `from './$1.${extension}'`));
      }
    }
  } finally {
    await rm(all, { recursive: true });
  }
}

/** @param {string} outDir */
async function emit(outDir) {
  const emitting = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', 'src'];
  try {
    await promisify(execFile)(process.execPath, [TSC, '-p', SOURCES, ...emitting, '--outDir', outDir], {
      cwd: ROOT,
    });
  } catch (error) {
    throw new Error(String(Object(error).stdout), { cause: error });
  }
}
