/**
 * How long a test goes on depends on the suite that it runs in. A file `x.soak.test.ts` that imports `x.test.ts` runs
 * the same tests in `npm run test:soak`, at the length that is given for it.
 */

/** A count for `npm test`, and where they differ those for `npm run test:unit`, which is to be quick, and `test:soak`. */
export function bySuite<T>(counts: { readonly test: T; readonly unit?: T; readonly soak?: T }): T {
  const { test, unit = test, soak = test } = counts;
  const suite = process.env['SUITE'];
  return suite === 'soak' ? soak : suite === 'unit' ? unit : test;
}
