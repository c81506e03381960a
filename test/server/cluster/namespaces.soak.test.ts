/** Three servers on three machines, whose network comes apart and heals. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopServers, temporaryDirectory } from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Bridge, type Machine, obstacle, removeNamespaces } from '../../support/namespaces.ts';

const missing = obstacle();
const suffix = missing === undefined ? '' : ` (skipped: ${missing})`;

afterAll(async () => {
  await removeNamespaces();
  await stopServers();
});

describe.skipIf(missing !== undefined)(`three servers on machines of their own${suffix}`, () => {
  let machines: readonly Machine[];
  let a: Machine;
  let b: Machine;
  let c: Machine;

  beforeAll(async () => {
    const key = join(temporaryDirectory(), 'key');
    writeFileSync(key, 'a key for three machines\n');
    const bridge = new Bridge();
    [a, b, c] = [bridge.attach(), bridge.attach(), bridge.attach()];
    machines = [a, b, c];
    const start = (machine: Machine, index: number): Promise<void> =>
      machine.start('--cluster-key-file', key, '--node-id', `node-${index + 1}`);
    await Promise.all(machines.map(start));
  });

  const counts = (): Promise<number[]> => Promise.all(machines.map((machine) => machine.count()));
  const peers = (): Promise<string[][]> => Promise.all(machines.map((machine) => machine.peers()));
  const everybody = (): string[][] =>
    machines.map((machine) => machines.filter((other) => other !== machine).map(({ address }) => address));

  test('find each other without configuration, by their addresses on the network', async () => {
    await eventually(async () => expect(await peers()).toEqual(everybody()));
  });

  test('an increment on any shows on all', async () => {
    await a.add(1);
    await b.add(10);
    await c.add(100);
    await eventually(async () => expect(await counts()).toEqual([111, 111, 111]));
  });

  test.each([1, 2])(
    'cut off from the others, one goes on and is forgotten, and all agree when the link is there again (time %i)',
    async (time) => {
      const before = await a.count();
      c.setLink('down');
      await eventually(async () => expect(await peers()).toEqual([[b.address], [a.address], []]));
      await Promise.all([a.add(1), b.add(10), c.add(100)]);
      await eventually(async () => expect(await counts()).toEqual([before + 11, before + 11, before + 100]));
      c.setLink('up');
      const sum = before + 111;
      await eventually(async () => expect(await counts()).toEqual([sum, sum, sum]));
      await eventually(async () => expect(await peers()).toEqual(everybody()));
      expect(await c.add(time)).toBe(sum + time);
      await eventually(async () => expect(await counts()).toEqual([sum + time, sum + time, sum + time]));
    },
  );

  test('what is counted on both sides before the cut is noticed is not lost either', async () => {
    const before = await a.count();
    c.setLink('down');
    await Promise.all([a.add(1), b.add(10), c.add(100)]);
    c.setLink('up');
    const sum = before + 111;
    await eventually(async () => expect(await counts()).toEqual([sum, sum, sum]));
    await eventually(async () => expect(await peers()).toEqual(everybody()));
  });
});
