/**
 * The data directories in test/fixtures/data-directory-7c94479, written by the server of commit 7c94479: that of a lone
 * server with all that there can be in one, itself a copy of another; and that of the member of a cluster. Beside each
 * is what that server returned before it was killed: the body of `/counter/sync` for each counter, the answers to
 * requests with an Idempotency-Key, and the time.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import type { AppendFile } from '../../src/runtime/files.ts';
import { parseJson } from '../../src/runtime/json.ts';
import type { Idempotency, Increment } from '../../src/store/store.ts';
import { listFrom, numberFrom, objectFrom, totalsFrom } from './json.ts';
import { MemoryFiles } from './memory-files.ts';

const FIXTURES = 'test/fixtures/data-directory-7c94479';

export type FixtureName = 'lone' | 'member';

export interface Retry {
  readonly increments: readonly Increment[];
  readonly idempotency: Idempotency;
  readonly values: readonly number[];
}

export interface Expected {
  /** When the server was killed, in milliseconds since 1970. */
  readonly timeMs: number;
  readonly counters: readonly Shown[];
  readonly retries: readonly Retry[];
}

export interface Shown {
  readonly key: string;
  readonly value: number;
  readonly nodes: ReadonlyMap<string, number>;
  readonly lowerBound: number;
}

export function expectedOf(name: FixtureName): Expected {
  const json = objectFrom(parseJson(readFileSync(`${FIXTURES}/${name}.json`, 'utf8')));
  return {
    timeMs: numberFrom(json['timeMs']),
    counters: listFrom(json['counters']).map((counter) => {
      const { key, value, sync } = objectFrom(counter);
      const { nodes, floor } = objectFrom(parseJson(String(sync)));
      return {
        key: String(key),
        value: numberFrom(value),
        nodes: totalsFrom(nodes),
        lowerBound: numberFrom(floor ?? 0),
      };
    }),
    retries: listFrom(json['retries']).map((retry) => {
      const { kind, id, increments, values } = objectFrom(retry);
      const list = listFrom(increments).map((increment) => {
        const { key, amount } = objectFrom(increment);
        return { key: String(key), amount: numberFrom(amount) };
      });
      const content = JSON.stringify([kind, ...list.flatMap(({ key, amount }) => [key, amount])]);
      const fingerprint = createHash('sha256').update(content).digest('base64').slice(0, 22);
      return {
        increments: list,
        idempotency: { id: String(id), fingerprint },
        values: listFrom(values).map(numberFrom),
      };
    }),
  };
}

/** The directory in other files than it was written to. */
export function copyOf(name: FixtureName): MemoryFiles {
  const files = new MemoryFiles();
  fill(files, name);
  return files;
}

/** The directory in the files that it was written to. */
export function originalOf(name: FixtureName): MemoryFiles {
  const files = new OriginalFiles();
  fill(files, name);
  return files;
}

function fill(files: MemoryFiles, name: FixtureName): void {
  for (const file of readdirSync(`${FIXTURES}/${name}`)) {
    files.put(file, readFileSync(`${FIXTURES}/${name}/${file}`));
  }
}

/** A file has the fingerprint that the head of its segment says, as long as it is not removed. */
class OriginalFiles extends MemoryFiles {
  override async open(name: string): Promise<AppendFile> {
    const isThere = this.names().includes(name);
    const file = await super.open(name);
    const fingerprint = /^.{27}\{"segment":\{[^}]*?"file":"([^"]+)"/.exec(
      isThere ? this.head(name) : '',
    )?.[1];
    return fingerprint === undefined ? file : { ...file, fingerprint };
  }

  private head(name: string): string {
    return this.bytes(name).toString('latin1', 0, 200);
  }
}
