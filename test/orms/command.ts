// `npm run orms`: the examples of ORMs with their real commands: generated, synced and in sync.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withTemplate } from '../project/cache.ts';
import { whichServer } from '../servers/binaries.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { type OwnServer, startServer } from '../servers/server.ts';
import { type Orm, orms, runIn } from './orms.ts';

const repository = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: { majors: { type: 'string', default: '15,18' }, filter: { type: 'string', default: '' } },
});
const program = join(repository, 'bin', 'pgmage.cjs');
let [passed, failed] = [0, 0];

/** Notes a check. */
function check(name: string, isRight: boolean, detail = ''): void {
  if (isRight) passed++;
  else failed++;
  process.stdout.write(`${isRight ? 'ok  ' : 'FAIL'} ${name}${isRight ? '' : `\n${detail}`}\n`);
}

/** Installs an ORM into a copy of its example, whose configuration names the real command then. */
async function prepare({ example, command, install }: Orm): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), `pgmage-orm-${example}-`));
  const from = join(repository, 'examples', example);
  cpSync(from, root, { recursive: true, filter: (path) => !path.includes('.pgmage') });
  rmSync(join(root, 'package.json'));
  writeFileSync(join(root, 'package.json'), '{ "private": true, "type": "module" }\n');
  await install(root);
  await withTemplate(join(root, '.pgmage', 'cache'));
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  symlinkSync(repository, join(root, 'node_modules', 'pgmage'));
  const file = join(root, 'pgmage.config.ts');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace("['node', 'export.mjs']", JSON.stringify(command)));
  return root;
}

async function tryOn(server: OwnServer, orm: Orm, root: string): Promise<void> {
  const name = (what: string) => `${orm.example} on PostgreSQL ${server.major}: ${what}`;
  const database = await freshDatabase(server);
  const env = { DATABASE_URL: database.url, NO_COLOR: '1' };
  const pgmage = (words: string) =>
    runIn(root, [process.execPath, program, ...words.split(' ')], env).then(
      (text) => ({ code: 0, text }),
      (thrown: { code: number; stdout: string; stderr: string }) => ({
        code: thrown.code,
        text: thrown.stdout + thrown.stderr,
      }),
    );
  const expectOf = async (words: string, code: number, part: string) => {
    const ended = await pgmage(words);
    check(name(words), ended.code === code && ended.text.includes(part), ended.text);
  };
  rmSync(join(root, 'migrations'), { recursive: true, force: true });
  await expectOf('db:generate --name first', 0, 'migrations/');
  await expectOf('db:sync --env local --yes', 0, 'local is in sync.');
  await expectOf('db:status --check', 0, 'IN SYNC');
  await expectOf('db:sync --env local --yes', 0, 'local is in sync.');
  const [row] = await rowsOf(database.url, 'select count(*)::int as n from pg_policy');
  check(name('own SQL is there'), row?.n === 1);
  const { file, after, column } = orm.model;
  const models = readFileSync(join(root, file), 'utf8');
  writeFileSync(join(root, file), models.replace(after, after + column));
  await expectOf('db:status --check', 2, 'note');
  await expectOf('db:sync --env local --yes', 0, 'local is in sync.');
  await expectOf('db:status --check', 0, 'IN SYNC');
  await expectOf('db:verify', 0, 'lead to the wanted schema');
  writeFileSync(join(root, file), models);
  await database.drop();
}

const servers = [];
for (const major of values.majors.split(',')) servers.push(await startServer(whichServer(major)));
for (const orm of orms.filter(({ example }) => example.includes(values.filter))) {
  const root = await prepare(orm);
  const recorded = readFileSync(join(root, orm.recorded), 'utf8');
  const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none' };
  const printed = await runIn(root, orm.command, env).catch((thrown: Error) => String(thrown));
  check(`${orm.example}: ${orm.command.join(' ')} prints what is recorded`, printed === recorded, printed);
  for (const server of servers) await tryOn(server, orm, root);
  rmSync(root, { recursive: true, force: true });
}
for (const server of servers) await server.stop();
process.stdout.write(`${passed} checks passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
