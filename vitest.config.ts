import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A worker for each processor, also where there are two: much of a test's time is its servers'.
    maxWorkers: '100%',
    projects: [
      {
        // Pure code: no server, no process. The files share what they import. Some parse all sources.
        test: {
          name: 'unit',
          include: ['test/**/*.unit.test.ts', 'test/house.test.ts'],
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'servers',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.unit.test.ts', 'test/house.test.ts'],
          globalSetup: ['test/servers/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
