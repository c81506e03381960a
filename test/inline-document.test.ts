/** Documents with what they refer to put into them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inlineDocument } from '../src/inline-document.mjs';
import page from '../src/server/page/page.html';
import { temporaryDirectory } from './support/server-process.ts';

function inlined(files: Record<string, string>): Promise<string> {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return inlineDocument(join(directory, 'page.html'));
}

test('stylesheets and modules take the place of what refers to them, and are minified', async () => {
  const text = await inlined({
    'page.html': `<link rel="stylesheet" href="./a.css" />
<p>$& and $1</p>
<script type="module" src="./a.ts"></script>`,
    'a.css': '@import "./b.css";\np { color: blue }',
    'b.css': 'b { color: red }',
    'a.ts': "import { b } from './b.ts';\nconsole.log('$& $1 $$' as string, b);",
    'b.ts': 'export const b = 1 as const; // a comment',
  });
  expect(text).toBe(`<style>b{color:red}p{color:#00f}</style>
<p>$& and $1</p>
<script type="module">(()=>{console.log("$& $1 $$",1);})();</script>`);
});

test('a script may contain the end of a script as a string', async () => {
  const text = await inlined({
    'page.html': '<script type="module" src="./a.ts"></script>',
    'a.ts': "console.log('</script>', `</SCRIPT>`);",
  });
  expect(text.match(/<\/script/gi)).toHaveLength(1);
});

test('a script that would open a comment of HTML is refused', async () => {
  const text = inlined({
    'page.html': '<script type="module" src="./a.ts"></script>',
    'a.ts': "console.log('<!--');",
  });
  await expect(text).rejects.toThrow(/a\.ts cannot be inlined, since it contains <!--/);
});

test('a module that is missing is an error', async () => {
  await expect(inlined({ 'page.html': '<script type="module" src="./a.ts"></script>' })).rejects.toThrow(
    /a\.ts/,
  );
});

test('an imported document is its text, which loads nothing', () => {
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).not.toMatch(/<link rel="stylesheet"|<script[^>]* src=/);
});
