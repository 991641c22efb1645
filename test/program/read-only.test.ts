// Commands that only read work for a user who cannot write into the project: another account, a read-only
// image.
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { unprivileged } from '../servers/binaries.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { makeProject, type Project } from './project.ts';

// Each run is a process, and the first one prepares a shadow.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const user = unprivileged();
let database: Database;
let own: Project;
let home: string;

beforeAll(async () => {
  database = await freshDatabase(anyServer());
  own = await makeProject();
  own.write({
    'package.json': '{}',
    'pgmage.config.ts': `import { schema } from 'words';\nexport default { schema };\n`,
    'node_modules/words/package.json': '{"name":"words","main":"index.js"}',
    'node_modules/words/index.js': `exports.schema = 'schema/schema.sql';\n`,
    'tasks/hello.ts': `import { schema } from 'words';\nexport const hello = () => schema;\n`,
    'schema/schema.sql': 'create table t (id int primary key);\n',
  });
  const made = await own.pgmage('db:sync --yes --env local', { url: database.url });
  expect(made).toMatchObject({ code: 0 });
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgmage-home-'));
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid);
  return () => rmSync(home, { recursive: true, force: true });
});
afterAll(async () => {
  chmodSync(own.root, 0o755);
  own.remove();
  await database.drop();
});

const run = (words: string, variables: Readonly<Record<string, string>> = {}) =>
  own.pgmage(words, {
    url: database.url,
    user,
    variables: { HOME: home, XDG_CACHE_HOME: undefined, TMPDIR: home, ...variables },
  });

test('commands that read need no folder that can be written, with a configuration and tasks in TypeScript', async () => {
  rmSync(join(own.root, '.pgmage'), { recursive: true, force: true });
  chmodSync(own.root, 0o555);
  for (const words of [
    'db:status --check',
    'db:diff --check',
    'db:verify',
    'db:plan --env local',
    'db:history',
    'db:lint',
    'db:types',
    'hello:hello',
  ])
    expect([words, await run(words)]).toMatchObject([words, { code: 0 }]);
  const shown = await run('db:status --verbose');
  expect(shown.log).toContain(`Cache: ${join(home, '.cache/pgmage/projects')}`);
  expect(shown.log).toContain(`because this user cannot write into ${own.root}`);
});

test('a user without a home has a cache among the temporary files', async () => {
  const shown = await run('db:status --verbose', { HOME: '/nowhere' });
  expect(shown).toMatchObject({ code: 0, log: expect.stringContaining(`Cache: ${home}/pgmage-cache-`) });
});

test('a command that writes into the project says which file it cannot write', async () => {
  chmodSync(join(own.root, 'schema'), 0o555);
  const refused = await run('db:pull --out schema/other.sql');
  expect(refused).toMatchObject({ code: 1, log: expect.stringContaining('Cannot write schema/other.sql') });
});
