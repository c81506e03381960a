/** What storage relies on in files, asked of those of the machine and of those in memory; and what a crash leaves. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Files } from '../../../src/runtime/files.ts';
import { openDirectory } from '../../../src/store/disk/system-files.ts';
import { type Choose, DiskError, MemoryFiles, everything, nothing } from '../../support/memory-files.ts';

let temporary = '';
let directories = 0;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'g-counter-files-'));
});

afterAll(() => rm(temporary, { recursive: true }));

const kinds: Record<string, () => Promise<Files>> = {
  'the files of the machine': () => openDirectory(join(temporary, `deep/${++directories}`)),
  'files in memory': () => Promise.resolve(new MemoryFiles()),
};

async function append(files: Files, name: string, text: string): Promise<string> {
  const file = await files.open(name);
  await file.append(Buffer.from(text));
  await file.sync();
  await file.close();
  return file.fingerprint;
}

const textOf = async (files: Files, name: string): Promise<string> => (await files.read(name)).toString();

describe.each(Object.entries(kinds))('%s', (_, create) => {
  test('are none at first', async () => {
    const files = await create();
    expect(await files.list()).toEqual([]);
    await expect(files.read('a')).rejects.toThrow('ENOENT');
    await expect(files.remove('a')).rejects.toThrow('ENOENT');
    await expect(files.rename('a', 'b')).rejects.toThrow('ENOENT');
    await files.syncDirectory();
  });

  test('are created when they are opened, and appended to at their end', async () => {
    const files = await create();
    await append(files, 'a', '');
    expect(await textOf(files, 'a')).toBe('');
    await append(files, 'a', 'one');
    await append(files, 'a', 'two');
    expect(await textOf(files, 'a')).toBe('onetwo');
    expect(await files.list()).toEqual(['a']);
  });

  test('can be truncated, and appended to there', async () => {
    const files = await create();
    await append(files, 'a', 'onetwo');
    await files.truncate('a', 3);
    await append(files, 'a', '3');
    expect(await textOf(files, 'a')).toBe('one3');
  });

  test('replace others when they are renamed', async () => {
    const files = await create();
    await append(files, 'a', 'old');
    await append(files, 'b', 'new');
    await files.rename('b', 'a');
    expect(await files.list()).toEqual(['a']);
    expect(await textOf(files, 'a')).toBe('new');
    await files.remove('a');
    expect(await files.list()).toEqual([]);
  });

  test('differ from their copies in their fingerprints, which last', async () => {
    const files = await create();
    const fingerprint = await append(files, 'a', 'one');
    expect(await append(files, 'a', 'two')).toBe(fingerprint);
    expect(await append(files, 'b', 'onetwo')).not.toBe(fingerprint);
  });
});

test('come in pieces that make up what they are', async () => {
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => at % 251));
  for (const files of [await openDirectory(join(temporary, 'pieces')), new MemoryFiles()]) {
    const file = await files.open('a');
    await file.append(bytes);
    await file.close();
    const pieces: Buffer[] = [];
    for await (const piece of files.pieces('a')) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(2);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    await expect(files.pieces('b')[Symbol.asyncIterator]().next()).rejects.toThrow('ENOENT');
  }
});

describe('what has the name of a file and is none is refused, and not waited for', () => {
  test.each([
    ['a folder', (path: string) => mkdir(path)],
    ['a pipe', (path: string) => Promise.resolve(execFileSync('mkfifo', [path]))],
    ['a device', (path: string) => symlink('/dev/null', path)],
    ['a link to a folder', (path: string) => symlink(tmpdir(), path)],
  ])('%s', async (what, make) => {
    const files = await openDirectory(join(temporary, what));
    await make(join(temporary, what, 'a'));
    const refusal = `${join(temporary, what, 'a')} is not a file`;
    await expect(files.read('a')).rejects.toThrow(refusal);
    await expect(files.pieces('a')[Symbol.asyncIterator]().next()).rejects.toThrow(refusal);
    await expect(files.open('a')).rejects.toThrow(refusal);
    await expect(files.remove('a')).rejects.toThrow(refusal);
    expect(await files.list()).toEqual(['a']);
  });
});

describe.runIf(process.platform === 'linux')('a directory that cannot be made is an error, at once:', () => {
  test.each([
    ['/proc/g-counter', 'ENOENT'],
    ['/proc/g-counter/deep/er', 'ENOENT'],
    ['/proc/self/fd/g-counter', 'ENOENT'],
    ['/dev/null/g-counter', 'ENOTDIR'],
    ['/dev/null', 'EEXIST'],
  ])('%s', async (path, code) => {
    await expect(openDirectory(path)).rejects.toThrow(code);
  });

  test('one whose parent is a link to nowhere', async () => {
    await symlink(join(temporary, 'nowhere/nothing'), join(temporary, 'dangling'));
    await expect(openDirectory(join(temporary, 'dangling/below'))).rejects.toThrow('ENOENT');
  });
});

/** Everything that may be left, by asking for every combination of choices. */
function outcomes(files: MemoryFiles): Set<string> {
  const found = new Set<string>();
  const explore = (choices: readonly number[]): void => {
    const rest = [...choices];
    let open = 0;
    const choose: Choose = (bound) => {
      const choice = rest.shift();
      if (choice === undefined && open === 0) open = bound;
      return choice ?? 0;
    };
    found.add(JSON.stringify(files.crash(choose).contents()));
    for (let choice = 0; choice < open; choice++) explore([...choices, choice]);
  };
  explore([]);
  return found;
}

const setOf = (...contents: Record<string, string>[]): Set<string> =>
  new Set(contents.map((content) => JSON.stringify(content)));

describe('a crash', () => {
  test('preserves what has been synced, contents and names', async () => {
    const files = new MemoryFiles();
    await append(files, 'a', 'one');
    await files.syncDirectory();
    expect(outcomes(files)).toEqual(setOf({ a: 'one' }));
  });

  test('may lose a name whose directory was not synced', async () => {
    const files = new MemoryFiles();
    await append(files, 'a', 'one');
    expect(outcomes(files)).toEqual(setOf({}, { a: 'one' }));
  });

  test('may cut unsynced content anywhere, or leave zeros', async () => {
    const files = new MemoryFiles();
    await append(files, 'a', '1');
    await files.syncDirectory();
    const file = await files.open('a');
    await file.append(Buffer.from('23'));
    expect(outcomes(files)).toEqual(
      setOf({ a: '1' }, { a: '1\0\0' }, { a: '12' }, { a: '12\0' }, { a: '123' }),
    );
  });

  test('may undo a rename as a whole, or a removal', async () => {
    const files = new MemoryFiles();
    await append(files, 'a', 'old');
    await append(files, 'b', 'new');
    await files.syncDirectory();
    await files.rename('b', 'a');
    expect(outcomes(files)).toEqual(setOf({ a: 'old', b: 'new' }, { a: 'new' }));
    await files.remove('a');
    expect(outcomes(files)).toEqual(setOf({ a: 'old', b: 'new' }, { a: 'new' }, { b: 'new' }, {}));
  });

  test('of the process alone loses nothing and makes nothing safe', async () => {
    const files = new MemoryFiles();
    await append(files, 'a', '1');
    const next = files.clone();
    expect(next.contents()).toEqual({ a: '1' });
    expect(outcomes(next)).toEqual(outcomes(files));
    expect(next.crash(everything).contents()).toEqual({ a: '1' });
    expect(next.crash(nothing).contents()).toEqual({});
  });
});

test('a full disk may accept a part of an append', async () => {
  const files = new MemoryFiles();
  files.fail('append', new DiskError('ENOSPC', 2), 2);
  await append(files, 'a', 'one');
  await expect(append(files, 'a', 'two')).rejects.toThrow('ENOSPC');
  expect(files.contents()).toEqual({ a: 'onetw' });
});
