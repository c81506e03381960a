import type { Random } from '../../src/runtime/random.ts';
import { below, pick } from '../../src/workbench/sim/random.ts';
import { requestText } from './connection.ts';

/** The counter that only proper increments by 1 are meant for. */
export const MODEL = 'model';

const KEYS = [
  'k',
  'l',
  'a%2Fb',
  '__proto__',
  '%F0%9F%A7%AE',
  'incr',
  '',
  '%',
  '%00',
  'x'.repeat(300),
  'a/b',
  '..',
];
const METHODS = 'GET POST GET POST HEAD PUT DELETE OPTIONS PATCH TRACE PROPFIND'.split(' ');
const PATHS = '/ /health /metrics /counters /counters/incr /counter // * /counter/x/y/z'.split(' ');
const QUERIES = ' ? ?prefix=k ?limit=2 ?limit=x ?cursor=aw ?cursor=! ?prefix=%00 ?a=b&&='.split(' ');
const BODIES = [
  ...String.raw`
{}
{"amount":1}
{"amount":7}
{"amount":0}
{"amount":-1}
{"amount":1e400}
{"amount":"1"}
{"amount":9007199254740991}
{"amount":1,"amount":2}
{"__proto__":1}
{"nodes":{}}
{"nodes":[]}
{"nodes":{"b":1}}
{"nodes":{"b":-1}}
{"nodes":{"__proto__":5,"c":7}}
{"nodes":{"node-1":3}}
{"nodes":{"node-1~2":3}}
{"nodes":{"node-1~9":9}}
{"nodes":{"node-1~1000000":1}}
{"increments":[]}
{"increments":[{"key":"k"}]}
{"increments":[{"key":""}]}
{"increments":[{"key":"k"},{"key":"l","amount":3},{"key":"k"}]}
{"increments":[{"key":"k"},{"key":"\ud800"}]}
[]
null
"
{`.split('\n'),
  '\0',
  '['.repeat(1000),
];
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { origin: 'https://other.example' },
  { origin: 'http://localhost' },
  { authorization: 'Bearer x' },
  { 'idempotency-key': 'a' },
  { 'idempotency-key': 'b' },
  { 'idempotency-key': '' },
  { 'last-event-id': 'x-1' },
  { 'content-type': 'text/plain' },
  { cookie: 'c'.repeat(3000) },
];
/** After these the connection is not what it was, or not as many answers come as requests went. */
const UPSETTING: readonly Readonly<Record<string, string>>[] = [
  { 'content-length': '5' },
  { 'content-length': '-1' },
  { 'content-length': '1e3' },
  { 'transfer-encoding': 'chunked' },
  { 'transfer-encoding': 'gzip, chunked' },
  { expect: '100-continue' },
  { expect: 'nothing' },
  { host: '' },
  { cookie: 'c'.repeat(20_000) },
  { connection: 'close' },
  { upgrade: 'h2c', connection: 'upgrade' },
];

/** Now and then one that is too long. */
const randomBody = (random: Random): string =>
  below(random, 500) === 0 ? 'x'.repeat(70_000) : pick(random, BODIES);

/** A request as it is meant to be, to be counted where it is answered with 200. */
export function modelRequest(random: Random, headers: Readonly<Record<string, string>> = {}): string {
  const body = pick(random, ['', '{"amount":1}', '{}', ' {"amount" : 1.0} ']);
  return requestText('POST', `/counter/incr/${MODEL}`, headers, body === '' ? undefined : body);
}

/** A request that is HTTP, whatever else it is, and gets exactly one answer. */
export function orderlyRequest(random: Random): string {
  const key = pick(random, KEYS);
  const path = pick(random, [
    pick(random, PATHS),
    `/counter/${pick(random, ['', 'incr/', 'merge/', 'sync/', 'x/'])}${key}`,
  ]);
  const method = pick(random, METHODS);
  const body = below(random, 3) === 0 ? undefined : randomBody(random);
  const headers = below(random, 3) === 0 ? pick(random, HEADERS) : {};
  return requestText(method, path + pick(random, QUERIES), headers, body);
}

/** A request that may be anything. */
export function unrulyRequest(random: Random): string {
  const kind = below(random, 6);
  if (kind === 0)
    return requestText(pick(random, ['GET', 'HEAD']), `/counters/watch${pick(random, QUERIES)}`);
  if (kind === 1) {
    const body = randomBody(random);
    return requestText('POST', '/counter/incr/k', pick(random, UPSETTING), body);
  }
  if (kind === 2) return chunkedRequest(random);
  if (kind === 3) return noise(random, 1 + below(random, 100));
  return distorted(random, orderlyRequest(random));
}

function chunkedRequest(random: Random): string {
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  const chunks: string[] = [requestText('POST', '/counter/incr/k', headers)];
  const body = randomBody(random);
  for (let at = 0; at < body.length;) {
    const chunk = body.slice(at, at + 1 + below(random, 1 + Math.ceil(body.length / 3)));
    chunks.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    at += chunk.length;
  }
  return below(random, 4) === 0 ? chunks.join('') : `${chunks.join('')}0\r\n\r\n`;
}

const noise = (random: Random, length: number): string =>
  Array.from({ length }, () => String.fromCharCode(below(random, 256))).join('');

/** The same with a few bytes lost, added or changed. */
function distorted(random: Random, request: string): string {
  let text = request;
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const at = below(random, text.length);
    text = text.slice(0, at) + noise(random, below(random, 3)) + text.slice(at + below(random, 3));
  }
  return text;
}
