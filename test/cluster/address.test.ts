import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatAddress,
  isAllowed,
  isLoopback,
  normalAddress,
  parseAddress,
} from '../../src/cluster/address.ts';

test.each([
  ['localhost:8080', 'localhost', 8080],
  ['10.0.0.1:1', '10.0.0.1', 1],
  ['a.b-c_d.example:65535', 'a.b-c_d.example', 65_535],
  ['Node-1.Example:7000', 'node-1.example', 7000],
  ['_srv:80', '_srv', 80],
  ['[::1]:8080', '::1', 8080],
  ['[fe80::1%eth0]:8080', 'fe80::1%eth0', 8080],
  ['[::ffff:10.0.0.1]:8080', '::ffff:10.0.0.1', 8080],
  ['a:00080', 'a', 80],
])('%s is a host and a port', (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

test.each([
  ['nothing', ''],
  ['no port', 'localhost'],
  ['an empty port', 'localhost:'],
  ['no host', ':8080'],
  ['port 0', 'localhost:0'],
  ['a port that is too large', 'localhost:65536'],
  ['a port of six digits', 'localhost:008080'],
  ['a negative port', 'localhost:-1'],
  ['a port that is no number', 'localhost:http'],
  ['a port in hexadecimal', 'localhost:0x50'],
  ['a port with a fraction', 'localhost:80.0'],
  ['a port in other digits', 'localhost:\u0661\u0662'],
  ['a scheme', 'http://localhost:8080'],
  ['a path', 'localhost:8080/peer'],
  ['a path before the port', 'localhost/peer:8080'],
  ['a query', 'localhost:8080?x'],
  ['a query before the port', 'localhost?x:8080'],
  ['a fragment before the port', 'localhost#x:8080'],
  ['a user', 'user@localhost:8080'],
  ['a user with a password', 'user:secret@localhost:8080'],
  ['a backslash', 'localhost\\x:8080'],
  ['a percent sign', 'local%68ost:8080'],
  ['a blank', 'local host:8080'],
  ['a blank at the start', ' localhost:8080'],
  ['a line feed at the end', 'localhost:8080\n'],
  ['a line feed within', 'local\nhost:8080'],
  ['a NUL', 'localhost\0:8080'],
  ['two ports', 'localhost:80:80'],
  ['a leading dot', '.localhost:80'],
  ['a trailing dot', 'localhost.:80'],
  ['a leading dash', '-localhost:80'],
  ['letters that are not ASCII', 'b\u00fccher:80'],
  ['an IPv4 address with few parts', '127.1:80'],
  ['an IPv4 address as one number', '2130706433:80'],
  ['an IPv4 address with a part that is too large', '127.0.0.256:80'],
  ['an IPv4 address with leading zeros', '127.0.0.01:80'],
  ['an IPv4 address with five parts', '1.2.3.4.5:80'],
  ['an IPv4 address with an empty part', '1..2.3:80'],
  ['an IPv4 address in brackets', '[127.0.0.1]:80'],
  ['an IPv6 address without brackets', '::1:80'],
  ['an IPv6 address without a port', '[::1]'],
  ['a bracket that stays open', '[::1:80'],
  ['a name in brackets', '[localhost]:80'],
  ['nothing in brackets', '[]:80'],
  ['something before brackets', 'a[::1]:80'],
  ['a host that is too long', `${'a'.repeat(254)}:80`],
])('%s is refused', (_what, text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each(['0x7f000001:80', '0x7f.0.0.1:80', '0x7f.1:80', '0177.0.0.0x1:80'])(
  'the odd IPv4 address %s, which resolvers take for one, is refused',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test('a host may be as long as names of hosts are', () => {
  const host = 'a'.repeat(253);
  expect(parseAddress(`${host}:80`)).toEqual({ host, port: 80 });
});

test('all ways to write an address come to one', () => {
  expect(normalAddress('  LocalHost:08080 ')).toBe('localhost:8080');
  expect(normalAddress('[::FFFF:10.0.0.1]:80')).toBe('10.0.0.1:80');
  expect(normalAddress('10.0.0.1:00080')).toBe('10.0.0.1:80');
  expect(normalAddress('[::1]:80')).toBe('[::1]:80');
  expect(normalAddress('http://localhost:80')).toBeUndefined();
});

test('all ways to write an IPv6 address come to one', () => {
  expect(normalAddress('[FE80:0:0::0001]:80')).toBe(normalAddress('[fe80::1]:80'));
});

test('a normal address is its own normal address, and parses', () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((ip) => `[${ip}]`),
    fc.string(),
  );
  fc.assert(
    fc.property(host, fc.integer({ min: -1, max: 70_000 }), (name, port) => {
      const normal = normalAddress(`${name}:${port}`);
      fc.pre(normal !== undefined);
      expect(normalAddress(normal)).toBe(normal);
      expect(parseAddress(normal)).toMatchObject({ port });
    }),
  );
});

test('any text parses to a host and a port and nothing else, or not at all', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'a1.:[]/@#?%\\ -_:f0'.split('')), maxLength: 30 }),
    fc.webUrl(),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      const normal = normalAddress(candidate);
      expect(normal ?? 'a:1').toMatch(/^(?:[a-z0-9_.-]+|\[[0-9A-Fa-f:.]+(?:%[^\]]+)?\]):[1-9]\d{0,4}$/);
    }),
    { numRuns: 2000 },
  );
});

test('an IPv4 address that comes as IPv6 is written as IPv4', () => {
  expect(formatAddress({ host: '::ffff:127.0.0.1', port: 80 })).toBe('127.0.0.1:80');
  expect(formatAddress({ host: '::1', port: 80 })).toBe('[::1]:80');
  expect(formatAddress({ host: 'node-1', port: 80 })).toBe('node-1:80');
});

test('an address is in ranges, however it is written', () => {
  const ranges = new BlockList();
  ranges.addSubnet('10.0.0.0', 8, 'ipv4');
  expect(isAllowed(undefined, '192.168.1.1')).toBe(true);
  expect(isAllowed(ranges, '10.1.2.3')).toBe(true);
  expect(isAllowed(ranges, '192.168.1.1')).toBe(false);
  expect(isAllowed(ranges, '::ffff:10.1.2.3')).toBe(true);
  expect(isAllowed(ranges, '::1')).toBe(false);
});

test('what is this machine is told from what is not', () => {
  const own = ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1', '::FFFF:127.1.2.3', 'localhost'];
  const others = ['128.0.0.1', '10.127.0.1', '::', '0.0.0.0', '::2', 'example'];
  expect([...own, ...others].filter(isLoopback)).toEqual(own);
});
