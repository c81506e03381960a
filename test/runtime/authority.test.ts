/** Authorities are compared as what they mean, not as they are written. */
import { describe, expect, test } from 'vitest';
import { isLocalOrAddress, isOriginOf, parseAuthority } from '../../src/runtime/authority.ts';

describe('an authority', () => {
  test.each([
    ['count.example', 'count.example', undefined],
    ['Count.EXAMPLE.:8080', 'count.example', 8080],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]:8080', '::1', 8080],
    ['[0:0::0:1]', '::1', undefined],
    ['[::ffff:127.0.0.1]:1', '::ffff:7f00:1', 1],
    ['[FE80::1%25eth0]', 'fe80::1%25eth0', undefined],
    ['count.example:', 'count.example', undefined],
    ['', '', undefined],
  ])('%j is the host %j with the port %j', (text, host, port) => {
    expect(parseAuthority(text)).toEqual({ host, port });
  });

  test.each(
    [
      [
        'a b',
        'a/b',
        'http://a',
        'me@a',
        'a:b',
        'a:-1',
        'a:65536',
        'a:1:2',
        '::1',
        '[::1',
        '[a]',
        '[127.0.0.1]',
      ],
      ['a?b', 'a#b', 'a\\b', 'a, b', 'é', '[::1]x'],
    ].flat(),
  )('%j is none', (text) => {
    expect(parseAuthority(text)).toBeUndefined();
  });
});

test.each([
  'localhost',
  'app.localhost',
  'a-b.c_d.localhost',
  '127.0.0.1',
  '10.0.0.7',
  '::1',
  'fe80::1%25eth0',
  '0.0.0.0',
])('%s can be nobody else by name', (host) => {
  expect(isLocalOrAddress(host)).toBe(true);
});

test.each([
  '',
  'evil.example',
  'localhost.evil.example',
  'mylocalhost',
  '127.0.0.1.evil.example',
  '1',
  '0x7f.1',
  '2130706433',
  '0177.0.0.1',
  '127.1',
  'loc%61lhost',
  '.localhost',
  'a..localhost',
  'localhost.',
  'evil.example%00.localhost',
  'evil.example%2f.localhost',
  'evil.example,localhost',
  'localhost;evil.example',
])('%j can be anybody', (host) => {
  expect(isLocalOrAddress(host)).toBe(false);
});

describe('an origin', () => {
  const isSame = (origin: string, host: string): boolean => {
    const authority = parseAuthority(host);
    if (authority === undefined) throw new Error(`${host} is no authority`);
    return isOriginOf(origin, authority);
  };

  test.each([
    ['http://count.example', 'count.example'],
    ['https://count.example', 'count.example'],
    ['https://count.example', 'count.example:443'],
    ['http://count.example', 'count.example:80'],
    ['https://count.example:443', 'count.example'],
    ['HTTPS://Count.Example', 'count.example:443'],
    ['https://count.example', 'COUNT.example.'],
    ['http://localhost:8080', 'localhost:8080'],
    ['http://[::1]:8080', '[0:0:0:0:0:0:0:1]:8080'],
  ])('%s is that of a server asked as %s', (origin, host) => {
    expect(isSame(origin, host)).toBe(true);
  });

  test.each([
    ['http://count.example', 'count.example:443'],
    ['https://count.example', 'count.example:80'],
    ['https://count.example:8443', 'count.example'],
    ['http://localhost:8080', 'localhost:8081'],
    ['http://localhost:8080', '127.0.0.1:8080'],
    ['http://count.example.evil', 'count.example'],
    ['http://evil@count.example', 'count.example'],
    ['http://count.example/', 'count.example'],
    ['ftp://count.example', 'count.example'],
    ['count.example', 'count.example'],
    ['null', 'null'],
    ['http://', ''],
    ['', ''],
  ])('%j is not that of a server asked as %j', (origin, host) => {
    expect(isSame(origin, host)).toBe(false);
  });
});
