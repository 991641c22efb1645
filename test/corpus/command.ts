// `npm run corpus -- DIR`: real products' schemas, written out from nothing and read as in sync, on every
// version.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describe } from '../proof/session.ts';
import { installedServers, majors, whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { deskOn, examine, type Findings, type Scripts, scriptsFor } from './proof.ts';

const usage = 'npm run corpus -- DIR [--major 15,16,17,18] [--filter TEXT] [--verbose]\n';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    major: { type: 'string', default: [...majors, ...installedServers()].join() },
    filter: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
  },
});
const [directory] = positionals;
if (directory === undefined) {
  process.stderr.write(usage);
  process.exit(64);
}

const rolesFile = join(directory, '_roles.sql');
const roles = existsSync(rolesFile) ? readFileSync(rolesFile, 'utf8') : '';
const files = readdirSync(directory)
  .filter((name) => name.endsWith('.sql') && !name.startsWith('_') && name.includes(values.filter))
  .map((name) => resolve(directory, name));
const scripts = new Map<string, Scripts>();
let [passed, failed] = [0, 0];

for (const file of files) {
  try {
    scripts.set(file, await scriptsFor(file));
  } catch (thrown) {
    report(file, { 'no script': [describe(thrown)] });
  }
}
for (const major of values.major.split(',').map(whichServer)) {
  const server = await startServer(major);
  const { version } = server;
  const desk = await deskOn(server, roles);
  process.stderr.write(
    desk.pgDump === null
      ? `PostgreSQL ${version}: no pg_dump of this version here; the independent observer of its` +
          ` catalogs judges\n`
      : `PostgreSQL ${version}: judged by its own pg_dump and the independent observer of its catalogs\n`,
  );
  for (const file of files) {
    const ways = scripts.get(file);
    if (ways !== undefined) report(`${version} ${file}`, await examine(desk, file, ways));
  }
  await server.stop();
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function report(name: string, findings: Findings): void {
  const bad = Object.entries(findings).filter(([, lines]) => lines.length > 0);
  if (bad.length === 0) passed++;
  else failed++;
  process.stdout.write(`${bad.length === 0 ? 'same' : 'DIFFERS'} ${name}\n`);
  for (const [judge, lines] of bad) {
    process.stdout.write(`  ${judge}: ${lines.length}\n`);
    const shown = values.verbose
      ? lines
      : lines.slice(0, 3).map((line) => line.replace(/\s+/g, ' ').slice(0, 300));
    for (const line of shown) process.stdout.write(`    ${line}\n`);
  }
}
