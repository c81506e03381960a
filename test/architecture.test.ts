/** The rules of support/architecture-rules.ts hold for src/, and each catches the offenders that it must. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  MAX_HEADER_LINES,
  MAX_LINES,
  type Rule,
  type SourceFile,
  environmentInCli,
  filesInFewPlaces,
  headers,
  importsOf,
  layers,
  noPackages,
  oneJsonReader,
  portsOnly,
  processesInFewPlaces,
  roomLayers,
  shortFiles,
  socketsInFewPlaces,
  statusesInHttp,
} from './support/architecture-rules.ts';

const sources: SourceFile[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name.replaceAll('\\', '/')}`)
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

test('the rules have sources to judge, and find imports in them', () => {
  expect(sources.length).toBeGreaterThan(30);
  expect(sources.flatMap(importsOf).length).toBeGreaterThan(100);
});

test.each([
  ['a folder imports only what is below it', layers],
  ['a room imports only the rooms below it', roomLayers],
  ['no package is imported', noPackages],
  ['time and randomness come from src/runtime alone', portsOnly],
  ['only cli reads arguments and the environment', environmentInCli],
  ['only the doors of servers, and the lock, have sockets', socketsInFewPlaces],
  ['only the disk engine and what records runs touch files', filesInFewPlaces],
  ['only what hosts nodes and servers starts processes and threads', processesInFewPlaces],
  ['only HTTP code knows statuses', statusesInHttp],
  ['a file opens with what it is and what it guarantees', headers],
  ['JSON is parsed in one place', oneJsonReader],
  [`no file is longer than ${MAX_LINES} lines`, shortFiles],
] as const)('%s', (_, rule) => {
  const offences = sources.flatMap((file) => rule(file).map((offence) => `${file.path} ${offence}`));
  expect(offences).toEqual([]);
});

const offends = (rule: Rule, path: string, text: string): string[] => rule({ path, text });

test.each([
  ['src/crdt/x.ts', "import { a } from '../runtime/clock.ts';", ['imports runtime']],
  ['src/crdt/x.ts', "import type { A } from './a.ts';\nimport { join } from 'node:path';", []],
  ['src/counter/x.ts', "export * from '../maelstrom/rpc.ts';", ['imports maelstrom']],
  ['src/counter/x.ts', "import {\n  a,\n  b,\n} from '../workbench/run.ts';", ['imports workbench']],
  ['src/counter/x.ts', "const a = await import('../store/a.ts');", ['imports store']],
  ['src/store/x.ts', "import '../maelstrom/a.ts';", ['imports maelstrom']],
  ['src/crdt/x.ts', "// from '../store/a.ts'\n/* import('../store/a.ts') */", []],
  ['src/store/x.ts', 'const url = "http://x"; import "../cluster/a.ts";', ['imports cluster']],
  ['src/runtime/x.ts', "import a from '../../package.json';", ['imports no folder of src']],
  ['src/cli/x.ts', "import a from '../../package.json';\nimport '../workbench/run.ts';", []],
  ['src/misc/x.ts', '', ['is in misc, for which there is no rule']],
  ['src/x.ts', '', ['is in no folder of src, for which there is no rule']],
])('the rule of layers finds in %s with %j: %j', (path, text, offences) => {
  expect(offends(layers, path, text)).toEqual(offences);
});

test.each([
  ['src/workbench/sim/x.ts', "import '../nodes/run.ts';", ['imports workbench/nodes']],
  ['src/workbench/sim/faults/x.ts', "import '../../peers/run.ts';", ['imports workbench/peers']],
  ['src/workbench/sim/faults/x.ts', "import '../random.ts';\nimport '../../../runtime/clock.ts';", []],
  ['src/workbench/peers/x.ts', "import { a } from '../nodes/a.ts';", ['imports workbench/nodes']],
  ['src/workbench/nodes/x.ts', "import { a } from '../report/a.ts';", ['imports workbench/report']],
  ['src/workbench/nodes/x.ts', "import '../sim/a.ts';\nimport './b.ts';", []],
  ['src/workbench/report/x.ts', "import '../serve/a.ts';", ['imports workbench/serve']],
  ['src/workbench/nodes/x.ts', "import '../diagnosis/a.ts';", ['imports workbench/diagnosis']],
  ['src/workbench/serve/x.ts', "import '../replay.ts';", ['imports workbench/']],
  ['src/workbench/x.ts', "import './nodes/a.ts';\nimport './report/b.ts';", []],
  ['src/workbench/misc/x.ts', '', ['is in workbench/misc, for which there is no rule']],
  ['src/cluster/x.ts', "import './net/datagrams.ts';", ['imports cluster/net']],
  ['src/cluster/net/x.ts', "import '../peers.ts';", []],
  ['src/store/x.ts', "import './disk/disk-store.ts';", ['imports store/disk']],
  [
    'src/cli/server/x.ts',
    "import '../workbench/a.ts';\nimport '../arguments.ts';",
    ['imports cli/workbench'],
  ],
])('the rule of rooms finds in %s with %j: %j', (path, text, offences) => {
  expect(offends(roomLayers, path, text)).toEqual(offences);
});

test('a package is found however it is imported', () => {
  const text = `
    import fc from 'fast-check';
    import "side-effect";
    export { a } from '@scope/package/file.js';
    const b = await import('lazy');
    const c = require('old');
    import fs from 'fs';
    import { join } from 'node:path';
    import { d } from './d.ts';
    const f = request['from'] ?? 'nothing';
    // import e from 'comment';`;
  expect(offends(noPackages, 'src/cli/x.ts', text)).toEqual([
    'imports fast-check',
    'imports side-effect',
    'imports @scope/package/file.js',
    'imports lazy',
    'imports old',
    'imports fs',
  ]);
});

test.each([
  'new Date()',
  'performance.now()',
  'setTimeout(f, 1)',
  'globalThis.setInterval(f, 1)',
  'setImmediate(f)',
  'Math.random()',
  'process.hrtime.bigint()',
  "import { sleep } from 'node:timers/promises'",
])('time and randomness are found in %j, except in src/runtime and in comments', (text) => {
  expect(offends(portsOnly, 'src/cli/x.ts', text)).toHaveLength(1);
  expect(offends(portsOnly, 'src/runtime/x.ts', text)).toEqual([]);
  expect(offends(portsOnly, 'src/cli/x.ts', `// ${text}\n/** ${text}\n */\nconst updateDates = 1;`)).toEqual(
    [],
  );
});

test.each(['process.argv[2]', 'process.env', "import { env } from 'node:process'"])(
  '%j is found, except in src/cli',
  (text) => {
    expect(offends(environmentInCli, 'src/server/x.ts', text)).toHaveLength(1);
    expect(offends(environmentInCli, 'src/cli/x.ts', text)).toEqual([]);
    expect(offends(environmentInCli, 'src/server/x.ts', 'process.stderr.write("environment")')).toEqual([]);
  },
);

const socketUsers = [
  "import { createServer } from 'node:net';",
  "import { isIP, connect } from 'node:net';",
  "import http from 'node:http';",
  "import { request } from 'node:https';",
  "import { createSocket } from 'node:dgram';",
  "import { lookup } from 'node:dns/promises';",
  "const net = await import('node:net');",
  "const answer = await fetch('http://localhost');",
  'new WebSocket(url)',
];

test.each(socketUsers)('a socket is found in %j, except where sockets belong', (text) => {
  for (const path of [
    'store/x',
    'store/disk/x',
    'cluster/x',
    'server/x',
    'workbench/nodes/x',
    'cli/node/x',
  ]) {
    expect(offends(socketsInFewPlaces, `src/${path}.ts`, text)).toHaveLength(1);
  }
  for (const path of [
    'server/http/x',
    'cluster/net/x',
    'store/disk/lock',
    'workbench/serve/x',
    'cli/local-cluster/x',
  ]) {
    expect(offends(socketsInFewPlaces, `src/${path}.ts`, text)).toEqual([]);
  }
});

test('parsing addresses takes no socket, nor does a comment', () => {
  const text =
    "import { type BlockList, isIP } from 'node:net';\n// fetch('/') from 'node:http'\nprefetch();";
  expect(offends(socketsInFewPlaces, 'src/cluster/address.ts', text)).toEqual([]);
});

test.each([
  "import { readFileSync } from 'node:fs';",
  "import type { Stats } from 'node:fs';",
  "import * as fs from 'node:fs/promises';",
  "const fs = require('node:fs');",
])('a file is found in %j, except where files belong', (text) => {
  for (const path of ['store/x', 'cluster/x', 'server/http/x', 'workbench/sim/x', 'workbench/peers/x']) {
    expect(offends(filesInFewPlaces, `src/${path}.ts`, text)).toHaveLength(1);
  }
  for (const path of [
    'cli/node/x',
    'store/disk/x',
    'workbench/nodes/x',
    'workbench/replay',
    'workbench/serve/x',
  ]) {
    expect(offends(filesInFewPlaces, `src/${path}.ts`, text)).toEqual([]);
  }
});

test.each([
  ['src/workbench/nodes/run.ts', "import { spawn } from 'node:child_process';", 1],
  ['src/workbench/nodes/process-host.ts', "import { spawn } from 'node:child_process';", 0],
  ['src/cli/local-cluster/x.ts', "import { spawn } from 'node:child_process';", 0],
  ['src/cli/workbench/x.ts', "import { Worker } from 'node:worker_threads';", 1],
  ['src/cli/workbench/x.ts', "import { isMainThread, workerData } from 'node:worker_threads';", 0],
  ['src/workbench/pool/x.ts', "import { Worker } from 'node:worker_threads';", 0],
])('the rule of processes and threads finds in %s with %j offences: %i', (path, text, count) => {
  expect(offends(processesInFewPlaces, path, text)).toHaveLength(count);
});

test.each([
  'response.writeHead(204)',
  'response.statusCode = code',
  'return { status: 404 }',
  'if (error.status === 401) retry()',
  "STATUS_CODES['200']",
])('a status is found in %j, except where HTTP is spoken', (text) => {
  for (const path of [
    'store/x',
    'store/disk/x',
    'cluster/x',
    'server/x',
    'cli/server/x',
    'workbench/peers/x',
  ]) {
    expect(offends(statusesInHttp, `src/${path}.ts`, text)).toHaveLength(1);
  }
  for (const path of ['server/http/x', 'server/page/x', 'cluster/net/x', 'workbench/serve/x']) {
    expect(offends(statusesInHttp, `src/${path}.ts`, text)).toEqual([]);
  }
});

test('the exit status of a process is no status of HTTP', () => {
  const text = 'const status = 404; exit({ status: 1 }); run.status(); `with status ${status}`';
  expect(offends(statusesInHttp, 'src/cli/x.ts', text)).toEqual([]);
});

test.each([
  ['', 0],
  ["import a from './a.ts';\n/** Late.\n */\n", 0],
  ['/** One line. */\nconst a = 1;', 1],
  [`/**\n${' * more\n'.repeat(MAX_HEADER_LINES)} */\n`, MAX_HEADER_LINES + 2],
])('the rule of headers finds an offence in %j', (text, lines) => {
  expect(offends(headers, 'src/store/x.ts', text)).toEqual([`opens with ${lines} lines of comment`]);
});

test.each([
  '/**\n * What it is.\n */\nexport {};',
  '// What it is,\n// and what it guarantees.\n\nexport {};',
])('the rule of headers accepts %j', (text) => {
  expect(offends(headers, 'src/store/x.ts', text)).toEqual([]);
});

test.each(['JSON.parse(text)', 'texts.map(JSON.parse)', 'await response.json()'])(
  '%j is found, except in src/runtime/json.ts',
  (text) => {
    expect(offends(oneJsonReader, 'src/runtime/lines.ts', text)).toHaveLength(1);
    expect(offends(oneJsonReader, 'src/runtime/json.ts', text)).toEqual([]);
    expect(offends(oneJsonReader, 'src/cli/x.ts', 'JSON.stringify(parseJson(text))')).toEqual([]);
  },
);

test('a file may have 400 lines and no more', () => {
  expect(offends(shortFiles, 'src/store/x.ts', 'line\n'.repeat(400))).toEqual([]);
  expect(offends(shortFiles, 'src/store/x.ts', 'line\n'.repeat(401))).toEqual(['has 401 lines']);
});
