/** Every colour of a page or a picture is in palette.css, once for light and once for dark. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PALETTE = join('src/server/page/palette.css');

const sources = ['src/server/page', 'src/workbench/report'].flatMap((directory) =>
  readdirSync(directory).map((name) => join(directory, name)),
);

const matchesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([match, group]) => group ?? match);

test('the colours for light and for dark have the same names', () => {
  const [light = '', dark = ''] = readFileSync(PALETTE, 'utf8').split('@media');
  const names = matchesIn(light, /^ +(--[\w-]+): #/gm);
  expect(names.length).toBeGreaterThan(20);
  expect(matchesIn(dark, /^ +(--[\w-]+): #/gm)).toEqual(names);
});

test('no other file has a colour of its own', () => {
  expect(sources).toContain(PALETTE);
  const colours = sources
    .filter((path) => path !== PALETTE)
    .flatMap((path) =>
      matchesIn(readFileSync(path, 'utf8'), /#[\da-f]{3,8}\b|\b(?:rgb|hsl)a?\(/gi).map(
        (colour) => `${path} has ${colour}`,
      ),
    );
  expect(colours).toEqual([]);
});
