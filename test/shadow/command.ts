// `npm run shadows -- DIR`: loads every schema of a folder of pairs in the native and in the embedded shadow,
// and compares what was read. PostgreSQL does not run as root, so neither does this.
import { rmSync } from 'node:fs';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { pairsIn } from '../proof/pairs.ts';
import { loadInBoth } from './both.ts';

const [directory, filter = ''] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write('npm run shadows -- DIR [FILTER]\n');
  process.exit(64);
}
const pairs = pairsIn(directory).filter(({ name }) => name.includes(filter));
const cache = await freshCache();
const own = project(null, cache);
const schemas = pairs.flatMap(({ name, setup, old, new: wanted }) => [
  { name: `${name} old`, sql: `${setup}\n;${old}` },
  { name: `${name} new`, sql: `${setup}\n;${wanted}` },
]);
const results = await loadInBoth(own, schemas);
own.drop();
rmSync(cache, { recursive: true, force: true });

const different = results.filter(({ difference }) => difference !== null);
for (const { name, difference } of different) process.stdout.write(`${name}: ${difference}\n\n`);
const reasons = new Map<string, number>();
for (const { refusal } of results)
  if (refusal !== null) {
    const reason = refusal.replace(/^the shadow database: /, '').replace(/"[^"]*"/g, '…');
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]))
  process.stdout.write(`${count} left to the embedded one: ${reason}\n`);
const refused = results.filter(({ refusal }) => refusal !== null).length;
process.stdout.write(
  `${results.length} schemas: ${results.length - refused} native, ${refused} left to the embedded one,` +
    ` ${different.length} different\n`,
);
process.exitCode = different.length === 0 ? 0 : 1;
