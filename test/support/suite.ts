/**
 * How long a test goes on depends on the suite that it runs in. A file `x.soak.test.ts` that imports `x.test.ts` runs
 * the same tests in `npm run test:soak`, at the length that is given for it.
 */

/** A count for `npm test` and one for `npm run test:soak`. */
export const bySuite = <T>({ test, soak }: { readonly test: T; readonly soak: T }): T =>
  process.env['SUITE'] === 'soak' ? soak : test;
