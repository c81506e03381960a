/**
 * Makes one HTML or SVG document that loads nothing out of a document with stylesheets and TypeScript modules beside it.
 *
 * The stylesheets and modules are bundled, minified and put where the document refers to them. `import page from
 * './page.html'` has this text as its value, both in the bundles (src/build.mjs) and in tests (test/vitest.config.ts).
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const STYLESHEET = /<link rel="stylesheet" href="(\.\/[^"]+\.css)" ?\/?>/g;
const MODULE = /<script type="module" src="(\.\/[^"]+\.ts)"><\/script>/g;

/** What would end a script or style early, or begin a comment that swallows the end of it. */
const BREAKS_OUT = /<(?:\/script|\/style|!--)/i;

/**
 * Returns the document at `path` with each `<link rel="stylesheet" href="./x.css">` and
 * `<script type="module" src="./x.ts"></script>` replaced by what it refers to. Rejects if one of them
 * does not build without warnings.
 *
 * @param {string} path
 */
export async function inlineDocument(path) {
  const text = await readFile(path, 'utf8');
  const styled = await replaceEach(text, STYLESHEET, async (href) => {
    return `<style>${await minified(join(dirname(path), href))}</style>`;
  });
  return replaceEach(styled, MODULE, async (src) => {
    return `<script type="module">${await minified(join(dirname(path), src))}</script>`;
  });
}

/**
 * @param {string} text
 * @param {RegExp} pattern its first group goes to `replacement`
 * @param {(captured: string) => Promise<string>} replacement
 */
async function replaceEach(text, pattern, replacement) {
  const matches = [...text.matchAll(pattern)];
  const replacements = await Promise.all(matches.map(([, captured = '']) => replacement(captured)));
  // A function, since `$` has a meaning in a replacement that is a string.
  return text.replaceAll(pattern, () => replacements.shift() ?? '');
}

/** @param {string} entryPoint a stylesheet or a module, for a browser */
async function minified(entryPoint) {
  const { outputFiles, warnings } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent', // the caller reports what is thrown
  });
  if (warnings.length > 0) throw new Error(warnings.map((warning) => warning.text).join('\n'));
  const text = outputFiles.map((file) => file.text.trimEnd()).join('');
  const [offence] = BREAKS_OUT.exec(text) ?? [];
  if (offence !== undefined) throw new Error(`${entryPoint} cannot be inlined, since it contains ${offence}`);
  return text;
}
