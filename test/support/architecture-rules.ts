/** The rules that keep src/ in layers and say who may touch the world outside: what each says of a source file. */
import { posix } from 'node:path';

export interface SourceFile {
  /** From the root of the project: src/crdt/g-counter.ts. */
  readonly path: string;
  readonly text: string;
}

/** Returns what is wrong with a file, a phrase for each offence. */
export type Rule = (file: SourceFile) => string[];

export const MAX_LINES = 400;

/** What a folder may import besides itself and Node's own modules. `cli` wires everything and may import anything. */
const imports: ReadonlyMap<string, readonly string[]> = new Map([
  ['runtime', []],
  ['crdt', []],
  ['client', ['crdt']],
  ['counter', ['crdt', 'runtime']],
  ['maelstrom', ['counter', 'crdt', 'runtime']],
  ['store', ['crdt', 'runtime']],
  ['cluster', ['store', 'crdt', 'runtime']],
  ['server', ['cluster', 'store', 'crdt', 'runtime']],
  ['workbench', ['server', 'cluster', 'store', 'maelstrom', 'counter', 'crdt', 'runtime']],
]);

/**
 * Rooms within a folder: what each may import of the others. Files at the top of the folder are the room `''`. Folders
 * that are not listed have no rooms, or rooms that need no rule.
 */
const rooms: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> = new Map([
  [
    'workbench',
    new Map([
      ['sim', []],
      ['pool', []],
      ['nodes', ['sim']],
      ['peers', ['sim']],
      ['etcd', ['sim']],
      ['diagnosis', ['nodes', 'sim']],
      ['report', ['nodes', 'sim']],
      ['serve', ['report']],
      ['', ['diagnosis', 'nodes', 'pool', 'report', 'sim']],
    ]),
  ],
  [
    'cluster',
    new Map([
      ['', []],
      ['net', ['']],
    ]),
  ],
  [
    'store',
    new Map([
      ['', []],
      ['disk', ['']],
      ['etcd', ['']],
    ]),
  ],
  [
    'cli',
    new Map([
      ['', []],
      ['node', ['']],
      ['server', ['']],
      ['local-cluster', ['']],
      ['make', ['', 'local-cluster']],
      ['workbench', ['', 'node']],
    ]),
  ],
]);

const folderOf = (path: string): string => /^src\/([^/]+)\//.exec(path)?.[1] ?? 'no folder of src';

/** Strings are matched too, and kept, so that a comment does not begin within one. */
function withoutComments(text: string): string {
  const tokens = /\/\*[^]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`/g;
  return text.replaceAll(tokens, (token) => (token.startsWith('/') ? ' ' : token));
}

export const importsOf = ({ text }: SourceFile): string[] =>
  [
    ...withoutComments(text).matchAll(/(?<!['"`])\b(?:from|import|require)\s*\(?\s*['"`]([^'"`\n]+)['"`]/g),
  ].map(([, specifier = '']) => specifier);

const isRelative = (specifier: string): boolean => specifier.startsWith('.');

const mentions = ({ text }: SourceFile, words: RegExp): string[] =>
  [...withoutComments(text).matchAll(words)].map(([word]) => `mentions ${word}`);

export const layers: Rule = (file) => {
  const folder = folderOf(file.path);
  if (folder === 'cli') return [];
  const allowed = imports.get(folder);
  if (allowed === undefined) return [`is in ${folder}, for which there is no rule`];
  return importsOf(file)
    .filter(isRelative)
    .map((specifier) => folderOf(posix.join(posix.dirname(file.path), specifier)))
    .filter((imported) => imported !== folder && !allowed.includes(imported))
    .map((imported) => `imports ${imported}`);
};

/** The first folder below the one in src/, or '' for a file at its top. */
const roomOf = (path: string): string => path.split('/').slice(2, -1)[0] ?? '';

export const roomLayers: Rule = (file) => {
  const folder = folderOf(file.path);
  const room = roomOf(file.path);
  const known = rooms.get(folder);
  if (known === undefined) return [];
  const allowed = known.get(room);
  if (allowed === undefined) return [`is in ${folder}/${room}, for which there is no rule`];
  return importsOf(file)
    .filter(isRelative)
    .map((specifier) => posix.join(posix.dirname(file.path), specifier))
    .filter((path) => folderOf(path) === folder)
    .map(roomOf)
    .filter((imported) => imported !== room && !allowed.includes(imported))
    .map((imported) => `imports ${folder}/${imported}`);
};

export const noPackages: Rule = (file) =>
  importsOf(file)
    .filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:'))
    .map((specifier) => `imports ${specifier}`);

/** The page runs in a browser, which has no ports; the client, which runs there too, has one of its own. */
const isOfBrowser = (path: string): boolean =>
  path.startsWith('src/server/page/') || path === 'src/client/platform.ts';

export const portsOnly: Rule = (file) =>
  folderOf(file.path) === 'runtime' || isOfBrowser(file.path)
    ? []
    : mentions(
        file,
        /\b(?:Date|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|process\.hrtime|node:timers)\b/g,
      );

export const environmentInCli: Rule = (file) =>
  folderOf(file.path) === 'cli' ? [] : mentions(file, /\b(?:process\.(?:argv|env)|node:process)\b/g);

/** True for a file in one of these folders or rooms of src/, at any depth. */
const isIn = ({ path }: SourceFile, places: readonly string[]): boolean =>
  places.some((place) => path.startsWith(`src/${place}/`) || path === `src/${place}.ts`);

/** Imports of `modules`, except of names that `harmless` matches: those touch nothing. */
function importsOfWorld(file: SourceFile, modules: RegExp, harmless: RegExp): string[] {
  const text = withoutComments(file.text).replaceAll(
    /\bimport\s*\{([^}]*)\}\s*from\s*/g,
    (statement, names: string) =>
      names
        .split(',')
        .map((name) => name.trim())
        .every((name) => name === '' || harmless.test(name))
        ? ''
        : statement,
  );
  return importsOf({ ...file, text })
    .filter((specifier) => modules.test(specifier))
    .map((specifier) => `imports ${specifier}`);
}

const NETWORK = /^node:(?:net|http|https|http2|tls|dgram|dns|dns\/promises)$/;
/** Addresses are only text. */
const ADDRESSES = /^(?:type )?(?:isIP|isIPv4|isIPv6|BlockList)$/;

export const socketsInFewPlaces: Rule = (file) =>
  isIn(file, [
    'server/http',
    'cluster/net',
    'store/disk/lock',
    'store/etcd/gateway',
    'workbench/serve',
    'cli/local-cluster',
    'cli/make',
  ])
    ? []
    : importsOfWorld(file, NETWORK, ADDRESSES).concat(
        // These are the browser's side of the connection.
        isOfBrowser(file.path) ? [] : mentions(file, /\bfetch(?=\()|\bnew (?:EventSource|WebSocket)\b/g),
      );

export const filesInFewPlaces: Rule = (file) =>
  isIn(file, [
    'cli',
    'store/disk',
    'workbench/nodes',
    'workbench/replay',
    'workbench/report',
    'workbench/serve',
  ])
    ? []
    : importsOfWorld(file, /^node:fs(?:\/promises)?$/, /^$/);

export const processesInFewPlaces: Rule = (file) => [
  ...(isIn(file, ['cli/local-cluster', 'cli/make', 'workbench/nodes/process-host'])
    ? []
    : importsOfWorld(file, /^node:(?:child_process|cluster)$/, /^$/)),
  ...(isIn(file, ['workbench/pool'])
    ? []
    : importsOfWorld(file, /^node:worker_threads$/, /^(?:isMainThread|workerData)$/)),
];

/** The page, the client, servers as each other's clients, and the make targets see statuses from the other side; `serve` is a server of its own. */
export const statusesInHttp: Rule = (file) =>
  isIn(file, [
    'server/http',
    'server/page',
    'client',
    'cluster/net',
    'store/etcd/gateway',
    'workbench/serve',
    'cli/make',
  ])
    ? []
    : mentions(
        file,
        /\b(?:statusCode|statusMessage|STATUS_CODES|writeHead|httpStatus)\b|\bstatus['"]?\s*(?::|===?|!==?)\s*[1-5]\d\d\b/g,
      );

/**
 * V8 reads some object keys wrongly; `parseJson` does not. The client is to be small, and looks only at members whose names
 * it knows.
 */
export const oneJsonReader: Rule = (file) =>
  file.path === 'src/runtime/json.ts' || isIn(file, ['client'])
    ? []
    : mentions(file, /\bJSON\s*\.\s*parse\b|\.json\(\)/g);

export const shortFiles: Rule = ({ text }) => {
  const lines = text.trimEnd().split('\n').length;
  return lines > MAX_LINES ? [`has ${lines} lines`] : [];
};

export const MAX_HEADER_LINES = 10;

/** The lines of the comment that a file opens with, delimiters included. */
const headerLines = ({ text }: SourceFile): number =>
  (/^(?:\/\*\*[^]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[0].trimEnd() ?? '')
    .split('\n')
    .filter((line) => line !== '').length;

export const headers: Rule = (file) => {
  const lines = headerLines(file);
  return lines < 2 || lines > MAX_HEADER_LINES ? [`opens with ${lines} lines of comment`] : [];
};
