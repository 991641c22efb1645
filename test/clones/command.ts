// `npm run clones -- DIR`: every schema below a folder, filled with rows and brought from server version to
// server version, by db:clone or by a backup and its restore.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deskOn } from '../corpus/proof.ts';
import { pairsIn } from '../proof/pairs.ts';
import { whichServer } from '../servers/binaries.ts';
import { freshDatabase } from '../servers/databases.ts';
import { startServer } from '../servers/server.ts';
import { type By, faithful } from './fidelity.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ways: { type: 'string', default: '15:15,15:18,18:18' },
    by: { type: 'string', default: 'clone' },
    filter: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
  },
});
const [directory] = positionals;
if (directory === undefined) {
  process.stderr.write(
    'npm run clones -- DIR [--ways 15:15,15:18,18:18] [--by' +
      ' clone|swap|pipe|rows|custom|directory|plain|native|script|inserts] [--filter TEXT] [--verbose]\n',
  );
  process.exit(64);
}
const path = directory;

const read = (name: string) => readFileSync(join(path, name), 'utf8');
const roles = existsSync(join(path, '_roles.sql')) ? read('_roles.sql') : '';
const schemas = [
  ...readdirSync(path)
    .filter((name) => name.endsWith('.sql') && !name.startsWith('_'))
    .map((name) => ({ name, texts: [read(name)] })),
  ...pairsIn(path).flatMap(({ name, roles: names, cluster, setup, seed, seedNew, ...pair }) => {
    const before = [names.map((role) => `create role "${role}";`).join('\n'), cluster, setup];
    return [
      { name: `${name} old`, texts: [...before, pair.old, seed] },
      { name: `${name} new`, texts: [...before, pair.new, seedNew] },
    ];
  }),
].filter(({ name }) => name.includes(values.filter));

let failed = 0;
for (const way of values.ways.split(',')) {
  const [from = '', to = ''] = way.split(':');
  const first = await startServer(whichServer(from));
  const second = from === to ? first : await startServer(whichServer(to));
  const desks = { from: await deskOn(first, roles), to: await deskOn(second, from === to ? '' : roles) };
  let target = await freshDatabase(second);
  let [same, skipped, rows] = [0, 0, 0];
  const wrong: string[] = [];
  for (const { name, texts } of schemas) {
    const outcome = await faithful(desks.from, desks.to, texts, target, values.by as By);
    rows += outcome.rows;
    if (outcome.skipped !== null) {
      skipped++;
      if (values.verbose) process.stdout.write(`skipped ${name}: ${outcome.skipped}\n`);
    } else if (outcome.wrong.length === 0) same++;
    else {
      wrong.push(name);
      const lines = values.verbose
        ? outcome.wrong
        : outcome.wrong.slice(0, 3).map((line) => line.slice(0, 300));
      process.stdout.write(`DIFFERS ${way} ${name}\n${lines.map((line) => `    ${line}\n`).join('')}`);
      await target.drop();
      target = await freshDatabase(second);
    }
  }
  failed += wrong.length;
  process.stdout.write(
    `${from} → ${to}: ${same} came over with ${rows} rows, ${wrong.length} differ, ${skipped} of` +
      ` other versions\n`,
  );
  await Promise.all([first.stop(), second.stop()]);
}
process.exitCode = failed === 0 ? 0 : 1;
