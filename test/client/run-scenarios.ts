/** Tests all scenarios of the client, in Node or in a browser, on each kind of servers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClientSite, kinds, setups } from '../support/client-site.ts';
import { stopServers } from '../support/server-process.ts';
import { scenarios } from './scenarios.ts';

export interface Runner {
  /** Whether what runs them is installed, and if not, what to add to the names of the tests. */
  readonly canRun: boolean;
  readonly suffix: string;
  /** The origin of the page that they run in. */
  readonly origin?: () => string;
  /** Resolves with what runs a scenario, on these servers. */
  readonly runOn: (site: ClientSite) => Promise<(claim: string) => Promise<void>>;
}

export function testScenarios({ canRun, suffix, origin, runOn }: Runner): void {
  afterAll(stopServers);

  for (const kind of kinds) {
    const setup = setups[kind];

    describe.skipIf(!canRun || !setup.canRun)(`on ${kind}${suffix}${setup.suffix}`, () => {
      let site: ClientSite;
      let run: (claim: string) => Promise<void>;

      beforeAll(async () => {
        site = await ClientSite.open(kind, origin?.());
        run = await runOn(site);
      });
      afterAll(() => site.close());

      test.each(Object.keys(scenarios))('%s', async (claim) => {
        await expect(run(claim)).resolves.toBeUndefined();
      });
    });
  }
}
