// `npm run types-corpus -- DIR`: the types of real products' schemas, compiled by `tsc --strict`.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { argv, exit, stdout } from 'node:process';
import { describeSource } from '../../lib/project/described-source.ts';
import { renderTypeFile } from '../../lib/schema-types/render.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { compileStrictly } from './compile.ts';

const [, , directory] = argv;
if (directory === undefined) {
  stdout.write('npm run types-corpus -- DIR\n');
  exit(64);
}
const roles = join(directory, '_roles.sql');
const names = readdirSync(directory).filter((name) => name.endsWith('.sql') && !name.startsWith('_'));
const cache = await freshCache();
const own = project(null, cache);
const file = join(tmpdir(), `pgmage-types-${process.pid}.sql`);
let [passed, failed] = [0, 0];
for (const name of names) {
  try {
    const text = readFileSync(resolve(directory, name), 'utf8');
    writeFileSync(file, `${existsSync(roles) ? readFileSync(roles, 'utf8') : ''}\n${text}`);
    const description = await describeSource(own.context, file);
    const texts = [false, true].map((kysely) => renderTypeFile(description, { source: name, kysely }));
    const errors = await compileStrictly({ 'plain.ts': texts[0] ?? '', 'kysely.ts': texts[1] ?? '' });
    const counts =
      `${description.relations.length} relations, ${description.types.length} types,` +
      ` ${description.routines.length} routines, ${texts[0]?.split('\n').length} lines`;
    report(name, counts, errors);
  } catch (thrown) {
    report(name, '', [thrown instanceof Error ? thrown.message : String(thrown)]);
  }
}
own.drop();
for (const one of [cache, file]) rmSync(one, { recursive: true, force: true });
stdout.write(`${passed} compile, ${failed} do not\n`);
process.exitCode = failed === 0 ? 0 : 1;

function report(name: string, counts: string, errors: readonly string[]): void {
  if (errors.length === 0) passed++;
  else failed++;
  stdout.write(`${errors.length === 0 ? 'compiles' : 'FAILS'} ${name}: ${counts}\n`);
  for (const line of errors.slice(0, 5)) stdout.write(`  ${line}\n`);
}
