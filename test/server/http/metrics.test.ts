/** The metrics, as a scraper reads them. */
import * as fc from 'fast-check';
import parse, { type Family } from 'parse-prometheus-text-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameFault } from '../../../src/crdt/names.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { LAG_EVERY_MS, measureLag } from '../../../src/server/http/event-loop-lag.ts';
import { Metrics, labelsText } from '../../../src/server/http/metrics.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { errorOf } from '../../support/api-error.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

const familiesIn = (text: string): Map<string, Family> =>
  new Map(parse(text).map((family) => [family.name, family]));

async function scrape(query = ''): Promise<Map<string, Family>> {
  const { status, headers, body } = await server.get(`/metrics${query}`);
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return familiesIn(body);
}

const valueOf = (families: ReadonlyMap<string, Family>, name: string): number =>
  Number(families.get(name)?.metrics[0]?.value);

const valuesIn = (families: ReadonlyMap<string, Family>): [string | undefined, string | undefined][] =>
  (families.get('g_counter_value_total')?.metrics ?? []).map(({ labels, value }) => [labels?.['key'], value]);

test('a scraper finds every family, with a type and a sample', async () => {
  await server.increment('measured');
  await scrape();
  const families = await scrape('?counters=measured');
  const types = new Set([...families.values()].map(({ type }) => type));
  expect([...types].toSorted()).toEqual(['COUNTER', 'GAUGE', 'HISTOGRAM']);
  const withoutSample = [...families.values()].filter(({ metrics }) => metrics.length === 0);
  expect(withoutSample.map(({ name }) => name)).toEqual([]);
  const ofOthers = [...families.keys()].filter((name) => !/^(?:g_counter|process)_/.test(name));
  expect(ofOthers).toEqual([]);
});

test('what only grows is a counter and named so, and nothing else is', async () => {
  const families = [...(await scrape('?counters=')).values()];
  const named = families.filter(({ name }) => name.endsWith('_total')).map(({ name }) => name);
  expect(families.filter(({ type }) => type === 'COUNTER').map(({ name }) => name)).toEqual(named);
  expect(named).toContain('g_counter_snapshots_written_total');
});

test('the program and its process are described', async () => {
  const families = await scrape();
  expect(families.get('g_counter_build_info')?.metrics).toEqual([
    {
      value: '1',
      labels: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/), node_version: process.version },
    },
  ]);
  expect(valueOf(families, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(valueOf(families, 'process_resident_memory_bytes')).toBeGreaterThan(2 ** 20);
  expect(valueOf(families, 'process_start_time_seconds') * 1000).toBeLessThan(Date.now());
});

test.runIf(process.platform === 'linux')(
  'open file descriptors are counted, and what limits them',
  async () => {
    const before = valueOf(await scrape(), 'process_open_fds');
    const watching = await fetch(`http://127.0.0.1:${server.port}/counters/watch`);
    const families = await scrape();
    expect(valueOf(families, 'process_open_fds')).toBe(before + 1);
    expect(valueOf(families, 'process_max_fds')).toBeGreaterThan(before);
    await watching.body?.cancel();
  },
);

test('a timer that is late is lag of the event loop', async () => {
  const clock = new VirtualClock();
  const metrics = new Metrics();
  let blockedMs = 0;
  const late: Clock = {
    nowMs: () => clock.nowMs(),
    after: (delayMs, task) => clock.after(delayMs + blockedMs, task),
  };
  const passes = (ms: number): Promise<void> =>
    clock.run(new Promise((resolve) => void clock.after(ms, resolve)));
  measureLag(late, (lagMs) => metrics.loopLag(lagMs));
  blockedMs = 300;
  await passes(LAG_EVERY_MS + 1);
  await passes(LAG_EVERY_MS + blockedMs);
  const lag = familiesIn(metrics.text([])).get('g_counter_event_loop_lag_seconds')?.metrics[0];
  expect(lag?.count).toBe('2');
  expect(lag?.buckets).toMatchObject({ '0.0005': '1', '0.25': '1', '0.5': '2', '+Inf': '2' });
});

describe('values of counters', () => {
  test('are there only if they are asked for', async () => {
    await server.increment('asked/a', 2);
    await server.increment('asked/b', 3);
    await server.increment('not', 1);
    expect((await scrape()).has('g_counter_value_total')).toBe(false);
    const families = await scrape('?counters=asked/');
    expect(valuesIn(families)).toEqual([
      ['asked/a', '2'],
      ['asked/b', '3'],
    ]);
    expect(valueOf(families, 'g_counter_values_left_off')).toBe(0);
    expect(valuesIn(await scrape('?counters=nobody'))).toEqual([]);
    expect(new Map(valuesIn(await scrape('?counters='))).get('not')).toBe('1');
  });

  test.each(['a"b', 'a\\', '\\"', '\\n', '} 1', ' # HELP', 'a="b",c', '🧮 é', 'e\u0301', '\u2028', '{'])(
    'under the key %j, a scraper reads that key',
    async (key) => {
      await server.increment(`escaped ${key}`, 7);
      const families = await scrape(`?counters=${encodeURIComponent(`escaped ${key}`)}`);
      expect(valuesIn(families)).toContainEqual([`escaped ${key}`, '7']);
    },
  );

  test('of any keys are read as they are', () => {
    const key = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((it) => nameFault(it) === undefined);
    fc.assert(
      fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 5 }), (keys) => {
        const value = new Map(keys.map((each, n) => [labelsText({ key: each }), n]));
        const text = new Metrics().text([{ name: 'value_total', type: 'counter', help: 'Values.', value }]);
        expect(valuesIn(familiesIn(text))).toEqual(keys.map((each, n) => [each, String(n)]));
      }),
    );
  });

  test('up to 2^53 - 1 are exact', async () => {
    await server.increment('largest', 2 ** 53 - 1);
    expect(valuesIn(await scrape('?counters=largest'))).toEqual([['largest', '9007199254740991']]);
  });

  test('are 1000 at most, and it is said that there are more', async () => {
    const increments = Array.from({ length: 1001 }, (_, n) => ({
      key: `many/${String(n).padStart(4, '0')}`,
    }));
    await server.post('/counters/incr', { increments });
    const families = await scrape('?counters=many/');
    expect(valuesIn(families)).toHaveLength(1000);
    expect(valuesIn(families).at(-1)).toEqual(['many/0999', '1']);
    expect(valueOf(families, 'g_counter_values_left_off')).toBe(1);
    expect(valueOf(await scrape('?counters=many/0'), 'g_counter_values_left_off')).toBe(0);
  });

  test.each(['%00', 'a%0Ab', 'k'.repeat(257)])(
    'the prefix %s, which no key can have, is refused',
    async (prefix) => {
      expect(errorOf(await server.get(`/metrics?counters=${prefix}`))).toBe('400 invalid_prefix');
    },
  );
});
