import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/servers/order.ts';

// Hints depend on what started pgmage: in tests, nothing of npm did.
delete process.env.npm_config_user_agent;
// Workers and the programs that tests start inherit it.
const once = join(import.meta.dirname, 'test/servers/wasm-once.cjs');
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(once)}`.trim();

// More workers than a few processors, where each worker has two gigabytes: many tests wait, for a time limit, a
// lock or a process.
const [processors, room] = [availableParallelism(), Math.floor(totalmem() / 2 ** 31)];
const workers = Math.max(processors, Math.min(2 * processors, room, 8));

export default defineConfig({
  test: {
    maxWorkers: workers,
    sequence: { sequencer: LongestFirst },
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
