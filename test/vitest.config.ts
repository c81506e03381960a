import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'test',
    testTimeout: 30_000,
    // Vitest would leave one core to itself, which on two cores makes one worker.
    maxWorkers: '100%',
    // The report is where .ci/run finds the count of tests.
    reporters: ['default', ['json', { outputFile: 'dist/test/report.json' }]],
  },
});
