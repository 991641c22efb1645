// The order of test files: the longest ones start first, so that none of them runs alone at the end. Vitest
// knows durations only after a first run, and a clean install begins without one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Files that take longest on a machine with two processors, the longest first.
const longest = [
  'cases',
  'ledger/outages',
  'service/faults',
  'examples',
  'service/redis',
  'web/pages',
  'service/first-start',
  'copy/faults',
  'shadow/roles',
  'hostile/hostile',
  'tenants/tenants',
  'compare/renames',
  'docs/walk',
  'random/random',
  'migrate/loss-matrix',
  'hostile/planned',
  'web/jobs',
  'service/jobs',
  'migrate/online',
  'service/shutdown',
].map((file) => join(import.meta.dirname, `../${file}.test.ts`));

/** Sorts the files in `longest` before the others. Throws Error where one of them does not exist. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = longest.filter((file) => !existsSync(file));
    if (gone.length > 0) throw new Error(`test/servers/order.ts names files that do not exist: ${gone}`);
    const others = (await super.sort(files)).filter(({ moduleId }) => !longest.includes(moduleId));
    const first = longest.flatMap((file) => files.filter(({ moduleId }) => moduleId === file));
    return [...first, ...others];
  }
}
