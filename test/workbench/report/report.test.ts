import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/workbench/nodes/history.ts';
import { report } from '../../../src/workbench/report/report.ts';
import { type ReportInput, diagramWindow } from '../../../src/workbench/report/view.ts';
import type { Offence } from '../../../src/workbench/nodes/nodes.ts';
import { Interrupted, NodeFailure } from '../../../src/workbench/nodes/stopped.ts';
import { judge } from '../../../src/workbench/nodes/checker.ts';
import { add, delivery, inputOf, longHistory, read, unanswered } from '../../support/report-runs.ts';

const missing = [add(0, 1, 3), add(2, 3, 4, { node: 'n2' }), read(4, 5, 3)];
/** An add that may have happened at any time. */
const maybe = (delta: number): Operation => add(0, 99, delta, { outcome: 'info' });

/** A line of n0 that silences it. */
const silencing = (line: number): Offence => ({
  node: 'n0',
  timeMs: 2,
  kind: 'line',
  text: `wrote line ${line}`,
  silenced: true,
});

const pictureNames = [
  'latency-quantiles.svg',
  'latency-raw.svg',
  'messages.svg',
  'rate.svg',
  'timeline.svg',
  'value.svg',
];

const picture = (input: ReportInput, name: string): string => report(input).pictures.get(name) ?? '';

/** The text that a reader sees, without markup and tooltips. */
const visible = (markup: string): string =>
  markup
    .replaceAll(/<(style|title)[^>]*>[^]*?<\/\1>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');

/** The number of loud crosses in a picture. */
const crosses = (svg: string): number =>
  [...svg.matchAll(/<(?:g|path) class="stroke thick bad"[^]*?(?:<\/g>|\/>)/g)].flatMap(([group]) => [
    ...group.matchAll(/m-3 -3l6 6m0 -6l-6 6/g),
  ]).length;

/** Whether every tag that is opened is closed, in order. */
function isBalanced(markup: string): boolean {
  const open: (string | undefined)[] = [];
  for (const [, closing, name, own] of markup.matchAll(/<(\/?)([a-z][\w-]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (closing === '/' && open.pop() !== name) return false;
    if (closing === '' && own === '') open.push(name);
  }
  return open.length === 0;
}

describe('the first screen', () => {
  const before = (html: string): string => visible(html.slice(0, html.indexOf('id="value"')));

  test('says that a read misses adds, and which', () => {
    const text = before(report(inputOf(missing)).html);
    for (const part of [
      'INVALID',
      'n1 answered 3; the only right answer was 7',
      '1 of 1 read',
      '0.004 s',
      'the last add of n2',
    ]) {
      expect(text.toLowerCase()).toContain(part.toLowerCase());
    }
    expect(text).toContain('history.jsonl, index 4 and 5');
  });

  test.each<[string, Operation[], string]>([
    ['returns too much', [add(0, 1, 3), read(2, 3, 6)], 'n1 answered 6; no more than 3 had ever been added'],
    [
      'returns what no set of adds comes to',
      [add(0, 1, 1), add(2, 9, 5, { outcome: 'info' }), read(4, 5, 3)],
      'n1 answered 3, which no set of adds comes to',
    ],
    [
      'returns less than another read',
      [add(0, 9, 5, { outcome: 'info' }), read(1, 2, 5), read(3, 4, 0)],
      'n1 answered 0 after 5 had already been reached',
    ],
    [
      'fails at the end, although it is an add',
      [add(0, 1, 1, { outcome: 'info', final: true })],
      'n0 left its final add without an answer',
    ],
    [
      'returns less than another read and the adds after it',
      [maybe(3), maybe(5), read(1, 2, 5), add(3, 4, 2), read(5, 6, 5)],
      'n1 answered 5 after 7 had already been reached',
    ],
    ['fails at the end', [unanswered(0, 1, { final: true })], 'n1 left its final read without an answer'],
    [
      'returns a sum that is right only later',
      [read(0, 1, 3), add(2, 3, 3)],
      'no more than 0 had ever been added',
    ],
  ])('says what is wrong with an operation that %s', (_, operations, headline) => {
    expect(before(report(inputOf(operations)).html)).toContain(headline);
  });

  test('is calm about a valid run', () => {
    const text = before(report(inputOf([add(0, 1, 3), read(2, 3, 3), read(4, 5, 3, { final: true })])).html);
    expect(text).toContain('VALID');
    expect(text).not.toContain('INVALID');
    expect(text).toContain('Each of 2 reads had every add');
  });

  test('names the problems of a run that was interrupted', () => {
    const { html } = report(inputOf(missing, {}, {}, { stopped: new Interrupted('interrupted') }));
    for (const part of ['interrupted', 'n1 answered 3; the only right answer was 7']) {
      expect(before(html)).toContain(part);
    }
  });

  test('names the program as one would type it', () => {
    const program = ['./my node', '--greeting', "it's <me>", ''];
    const { html } = report(inputOf(missing, {}, {}, { program }));
    expect(html).toContain(
      String.raw`<code>&#39;./my node&#39; --greeting &#39;it&#39;\&#39;&#39;s &lt;me&gt;&#39; &#39;&#39;</code>`,
    );
  });

  test('shows why a run never started, and neither figures nor empty plots', () => {
    const reason = 'n1 exited with status 3; its last words: <oh & no>';
    const { html, pictures } = report(inputOf([], {}, {}, { stopped: new NodeFailure(reason) }));
    const text = visible(html);
    expect(text).toContain('n1 exited with status 3; its last words: &lt;oh &amp; no&gt;');
    for (const part of ['latency, ms', 'per operation', '0 %', 'final reads'])
      expect(text).not.toContain(part);
    expect(text).toContain('time limit');
    expect([...pictures.keys()]).toEqual(['messages.svg']);
  });

  test('lists the broken rules that it does not show at length', () => {
    const offences = Array.from({ length: 9 }, (_, i) => silencing(i));
    const { html } = report(inputOf(missing, {}, {}, { offences }));
    expect(before(html)).toContain('What “every read” found: 10 problems');
    expect(html.match(/broken-rule/g)?.length).toBeLessThan(9);
    for (const { text } of offences) expect(before(html)).toContain(text);
  });
});

describe('the verdicts', () => {
  /** What the card of a verdict says, and how it looks. */
  function verdict(html: string, name: string): { readonly look: string; readonly text: string } {
    const [, look = '', text = ''] =
      new RegExp(`class="verdict (\\w+)"><h2>(${name}[^]*?)</div>`).exec(html) ?? [];
    return { look, text: visible(text).trim() };
  }

  const final = (value: number): Operation => read(8, 9, value, { final: true });
  const right = [add(0, 1, 3), read(2, 3, 3)];
  const stale = [add(0, 1, 3), read(2, 3, 0)];

  test.each<[string, ReportInput, string, string]>([
    [
      'a right run',
      inputOf([...right, final(3)]),
      'good VALID The only final read is the sum of all acknowledged adds, and of any whose outcome is unknown.',
      'good VALID Each of 2 reads had every add acknowledged before it, and nothing that was never added.',
    ],
    [
      'a stale read before the end',
      inputOf([...stale, final(3)]),
      'good VALID The only final read is the sum',
      'bad INVALID 1 of 2 reads broke the promise',
    ],
    [
      'wrong final reads',
      inputOf([...right, final(2), read(8, 9, 1, { node: 'n2', final: true })]),
      'bad INVALID The final read of 2 from n1 is not in [3 3], and 1 more problem.',
      'bad INVALID 2 of 3 reads broke the promise',
    ],
    [
      'a final read without an answer',
      inputOf([...right, unanswered(8, 9, { final: true })]),
      'doubtful VALID, though no final read was answered.',
      'bad INVALID 1 final operation had no answer',
    ],
    [
      'a silenced node',
      inputOf([...right, final(3)], {}, {}, { offences: [silencing(0)] }),
      'doubtful VALID, though nothing from n0 was read after 0.002 s: it wrote line 0.',
      'bad INVALID 1 problem, below.',
    ],
    [
      'no reads at all',
      inputOf([add(0, 1, 3)]),
      'doubtful VALID, though there was no final read.',
      'doubtful VALID, though no read was answered.',
    ],
    [
      'a node that crashed at once',
      inputOf([], {}, {}, { stopped: new NodeFailure('n0 exited') }),
      'bad NONE Maelstrom gives no verdict on such a node: its test ends with an error.',
      'bad INVALID The run failed, for the reason below.',
    ],
    [
      'an interruption',
      inputOf(right, {}, {}, { stopped: new Interrupted('interrupted') }),
      'unsure UNKNOWN The run was cut short.',
      'unsure UNKNOWN The run was cut short. Until then nothing was seen to be wrong',
    ],
  ])('on %s are both given, each with a sentence', (_, input, maelstrom, strict) => {
    const { html } = report(input);
    const both = ["Maelstrom's check", 'every read'].map((name) => {
      const { look, text } = verdict(html, name);
      return `${look} ${text.replace(name, '').replace('decides the exit status', '').trim()}`;
    });
    expect(both).toEqual([expect.stringContaining(maelstrom), expect.stringContaining(strict)]);
  });

  test.each([
    ['maelstrom', "Maelstrom's check", 'every read'],
    ['strict', 'every read', "Maelstrom's check"],
  ] as const)('%s is marked if it decides the exit status', (check, deciding, other) => {
    const { html } = report(inputOf(missing, {}, {}, { check }));
    expect(verdict(html, deciding).text).toContain('decides the exit status');
    expect(verdict(html, other).text).not.toContain('decides');
  });

  test.each<[string, Operation[], boolean]>([
    ['where Maelstrom accepts what every read does not', [...stale, final(3)], true],
    ['where both are valid', [...right, final(3)], false],
    ['where both are invalid', [...stale, final(2)], false],
  ])('%s, the page says what it means for the node, and only there', (_, operations, says) => {
    expect(report(inputOf(operations)).html.includes('Maelstrom accepts this run')).toBe(says);
  });
});

describe('wrong reads', () => {
  test('are all drawn, however many operations there are', () => {
    const operations = longHistory(10_000, 100);
    const input = inputOf(operations);
    const offenders = new Set(input.problems.map(({ operation: { completed } }) => completed.timeMs));
    expect(offenders.size).toBeGreaterThan(60);
    // Once as it is, once as its distance; and one in the legend.
    expect(crosses(picture(input, 'value.svg'))).toBe(2 * offenders.size + 1);
  });

  test('are drawn at the edge if they are far outside, and do not flatten the rest', () => {
    const operations = [...longHistory(300, 1000), read(700, 701, 10 ** 12)];
    const svg = picture(inputOf(operations), 'value.svg');
    expect(crosses(svg)).toBe(3);
    expect(visible(svg)).toContain(' 200 ');
  });
});

describe('messages', () => {
  const window = { fromMs: 0, toMs: 20 };

  test('that were lost end in a cross, the others do not', () => {
    const deliveries = [
      delivery(1, 'n0', 'seq-kv', { type: 'read', key: 'a' }),
      delivery(2, 'n0', 'seq-kv', { type: 'cas', key: 'a', from: 4, to: 7 }, { receivedMs: undefined }),
    ];
    const svg = picture(inputOf([], { deliveries, window }), 'messages.svg');
    expect([...svg.matchAll(/class="[^"]*\blost\b/g)]).toHaveLength(1);
    expect(visible(svg)).toContain('cas a 4→7');
  });

  test('of the first wrong read are highlighted, and no others', () => {
    const deliveries = [
      delivery(2, 'c0', 'n1', { type: 'read', msg_id: 1 }, { receivedMs: 2 }),
      delivery(3, 'n1', 'c0', { type: 'read_ok', value: 0, in_reply_to: 1 }, { receivedMs: 3 }),
      delivery(4, 'c1', 'n1', { type: 'read', msg_id: 1 }, { receivedMs: 4 }),
      delivery(5, 'n1', 'c1', { type: 'read_ok', value: 3, in_reply_to: 1 }, { receivedMs: 5 }),
    ];
    const svg = picture(inputOf(missing, { deliveries, window }), 'messages.svg');
    const loud = [...svg.matchAll(/<g class="bad"><title>([^<]*)/g)].map(([, title]) => title);
    expect(loud).toHaveLength(2);
    expect(loud.every((title) => title?.includes('c1'))).toBe(true);
  });

  test('have a lane for each participant, with one lane for all clients', () => {
    const deliveries = [
      delivery(1, 'c0', 'n0', { type: 'add', delta: 3 }),
      delivery(2, 'c7', 'n0', { type: 'add', delta: 3 }),
      delivery(3, 'n0', 'seq-kv', { type: 'read', key: 'a' }),
    ];
    const text = visible(picture(inputOf([], { deliveries, window }), 'messages.svg'));
    for (const lane of ['clients', 'n0', 'n1', 'n2', 'seq-kv']) expect(text).toContain(` ${lane} `);
  });
});

describe('text from outside', () => {
  const evil = `</title><script>alert('"&')</script>\u0000\uD800`;

  test('is escaped wherever it comes from', () => {
    const operations = [
      add(0, 1, 3, { node: evil, outcome: 'fail', error: evil }),
      read(2, 3, 9, { node: evil }),
    ];
    const input = inputOf(
      operations,
      {
        title: evil,
        deliveries: [
          delivery(1, evil, 'n0', { type: evil, text: evil }),
          delivery(2, 'n0', evil, { type: 'add', delta: evil }),
        ],
        window: { fromMs: 0, toMs: 10 },
        faults: [{ fault: evil, description: evil, fromMs: 0, toMs: 5 }],
        messageTypes: { [evil]: 3 },
      },
      { nodeIds: [evil, 'n0'] },
    );
    const { html, pictures } = report(input);
    for (const markup of [html, ...pictures.values()]) {
      expect(markup).not.toContain('<script');
      expect(markup).not.toContain('\u0000');
      expect(markup).not.toMatch(/\p{Cs}/u);
    }
    for (const svg of pictures.values()) expect(isBalanced(svg)).toBe(true);
  });
});

describe('files', () => {
  test('the page refers to nothing outside itself and runs nothing', () => {
    const { html } = report(inputOf(longHistory(1000, 50)));
    expect(html).not.toMatch(/<(?:script|link|img|iframe|object|embed|base)\b/i);
    expect(html).not.toMatch(/\b(?:src|srcset|action|xlink:href)=|url\(|@import/i);
    expect([...html.matchAll(/\bhref="([^"]*)"/g)].every(([, target]) => target?.startsWith('#'))).toBe(true);
    for (const [, target] of html.matchAll(/\bhref="#([^"]*)"/g)) expect(html).toContain(`id="${target}"`);
  });

  test('each picture stands on its own, in light and dark', () => {
    const { pictures } = report(inputOf(missing));
    expect([...pictures.keys()].toSorted()).toEqual(['evidence.svg', ...pictureNames]);
    for (const svg of pictures.values()) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).toContain('prefers-color-scheme:dark');
      expect(isBalanced(svg)).toBe(true);
    }
  });

  test.each<[string, ReportInput]>([
    ['no operations', inputOf([])],
    ['one operation', inputOf([add(0, 1, 3)])],
    ['operations that take no time', inputOf([add(0, 0, 3), read(0, 0, 0)])],
    ['one node', inputOf(missing, {}, { nodeIds: ['n0'], concurrency: 1 })],
    [
      '25 nodes',
      inputOf(missing, {}, { nodeIds: Array.from({ length: 25 }, (_, i) => `n${i}`), concurrency: 250 }),
    ],
    ['only failures', inputOf([unanswered(0, 1), add(2, 3, 1, { outcome: 'info', error: 'silence' })])],
    [
      'adds of negative deltas',
      inputOf([add(0, 1, -5), add(2, 9, -3, { outcome: 'info' }), read(4, 5, -5), read(6, 7, -9)]),
    ],
    [
      'a fault that never ends',
      inputOf(missing, { faults: [{ fault: 'loss', description: 'all', fromMs: 0, toMs: Infinity }] }),
    ],
  ])('a report of %s contains no NaN, Infinity or undefined', (_, input) => {
    const { html, pictures } = report(input);
    for (const markup of [html, ...pictures.values()]) expect(markup).not.toMatch(/NaN|Infinity|undefined/);
    for (const svg of pictures.values()) expect(isBalanced(svg)).toBe(true);
  });

  test('50,000 operations stay under 3 MB, even if a third of the reads are wrong', () => {
    const input = inputOf(longHistory(50_000, 2));
    const { html } = report(input);
    expect(Buffer.byteLength(html)).toBeLessThan(3_000_000);
  });

  test('every picture with a time axis shades and names the faults', () => {
    const faults = [{ fault: 'partition', description: 'halves: n0 | n1', fromMs: 0, toMs: 4 }];
    const deliveries = [
      delivery(1, 'n0', 'n1', { type: 'gossip' }),
      delivery(4, 'n0', 'n1', { type: 'gossip' }),
    ];
    const { pictures } = report(inputOf(missing, { faults, deliveries, window: { fromMs: 0, toMs: 10 } }));
    for (const name of pictureNames) {
      expect(pictures.get(name)).toContain('class="shade"');
      expect(visible(pictures.get(name) ?? '')).toContain('partition');
      expect(pictures.get(name)).toContain('halves: n0 | n1');
    }
  });
});

describe('the window of the message diagram', () => {
  test('contains the first wrong read and the add before it', () => {
    const operations = longHistory(3000, 500);
    const problems = judge(operations);
    const window = diagramWindow(operations, problems);
    const first = problems[0]?.operation;
    expect(window.toMs).toBeGreaterThanOrEqual(first?.completed.timeMs ?? Infinity);
    expect(window.fromMs).toBeLessThan((first?.invoked.timeMs ?? 0) - 4);
    expect(window.toMs - window.fromMs).toBeLessThan(80);
  });

  test('is the beginning of the run if nothing is wrong, and is not empty even if nothing happened', () => {
    const operations = longHistory(3000, 5000);
    expect(diagramWindow(operations, judge(operations))).toMatchObject({ fromMs: 0 });
    const { fromMs, toMs } = diagramWindow([], judge([]));
    expect(fromMs).toBeLessThan(toMs);
  });
});
