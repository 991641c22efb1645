// A project is set up: what is written, what is left alone, and what is told of the database.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { init } from '../../lib/commands/init.ts';
import { pull } from '../../lib/commands/pull.ts';
import { layouts } from '../../lib/migration/layouts.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { withScripts } from '../../lib/project/package-scripts.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { initPlanText, initText } from '../../lib/report/init.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true }));

const paper = { width: 100, colour: false, now: new Date(0) };
const yes = { yes: true };

// A project that has nothing but what is given.
async function within(
  url: string | null,
  files: Readonly<Record<string, string>>,
  use: (of: { context: Workspace; read(file: string): string }) => Promise<void>,
): Promise<void> {
  const own = project(url, cache, (root) => ({ schema: join(root, 'schema/schema.sql') }));
  const { root } = own.context.project;
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  try {
    await use({
      context: own.context,
      read: (file) => readFileSync(join(root, file), 'utf8'),
    });
  } finally {
    own.drop();
  }
}

test('scripts are added, and every other byte stays', () => {
  const scripts = { 'db:status': 'pgmage db:status', 'db:sync': 'pgmage db:sync' };
  const two = '"db:status": "pgmage db:status",\n    "db:sync": "pgmage db:sync"';
  const cases: [before: string, after: string][] = [
    [
      '{\n  "name": "x",\n  "files": ["a", "b"]\n}\n',
      `{\n  "name": "x",\n  "files": ["a", "b"],\n  "scripts": {\n    ${two}\n  }\n}\n`,
    ],
    [
      '{\n  "scripts": {\n    "a": "b"\n  },\n  "x": {"scripts": {}}\n}',
      `{\n  "scripts": {\n    "a": "b",\n    ${two}\n  },\n  "x": {"scripts": {}}\n}`,
    ],
    [
      '{"scripts": {"a": "}"}}',
      '{"scripts": {"a": "}", "db:status": "pgmage db:status", "db:sync": "pgmage db:sync"}}',
    ],
    [
      '{\r\n\t"scripts": {\r\n\t\t"db:sync": "mine"\r\n\t}\r\n}\r\n',
      '{\r\n\t"scripts": {\r\n\t\t"db:sync": "mine",\r\n\t\t"db:status": "pgmage db:status"\r\n\t}\r\n}\r\n',
    ],
    ['{}', `{\n  "scripts": {\n    ${two}\n  }\n}`],
    ['{\n  "scripts": {}\n}\n', `{\n  "scripts": {\n    ${two}\n  }\n}\n`],
  ];
  for (const [before, after] of cases) {
    expect(withScripts(before, scripts).text).toBe(after);
    expect(withScripts(after, scripts)).toEqual({ text: after, added: [] });
    JSON.parse(after);
  }
  expect(() => withScripts('[]', scripts)).toThrow('Cannot read package.json: it is not a JSON object');
});

test('a project without a database gets its files, once, and nothing that is there is touched', async () => {
  await within(null, { 'package.json': '{\n  "scripts": {}\n}\n' }, async ({ context, read }) => {
    expect((await failure(init(context, {}, undefined))).code).toBe('confirmation_needed');
    expect(existsSync(join(context.project.root, 'pgmage.config.ts'))).toBe(false);
    expect((await init(context, {}, async () => false)).done).toBe(false);
    const shown: string[] = [];
    const report = await init(context, { tasks: true }, async (plan) => {
      shown.push(initPlanText(plan, paper));
      return true;
    });
    expect(shown[0]).toContain(
      'Write pgmage.config.ts\nWrite package.json: db:status, db:diff, db:generate,',
    );
    expect(report.written).toEqual([
      'pgmage.config.ts',
      'package.json',
      'migrations/README.md',
      'tasks/example.ts',
    ]);
    expect(initText(report, paper)).toContain('pgmage uses an embedded database in .pgmage/');
    expect(read('pgmage.config.ts')).toBe("export default {\n  schema: 'schema/schema.sql',\n};\n");
    writeFileSync(join(context.project.root, 'pgmage.config.ts'), '// Mine.');
    expect(await init(context, { tasks: true }, undefined)).toMatchObject({ written: [], done: true });
    expect(read('pgmage.config.ts')).toBe('// Mine.');
  });
});

test.each([
  ['prod', false, false],
  ['prod', true, false],
  ['staging', false, true],
  ['staging', true, true],
  ['missing', true, false],
] as const)(
  '--env %s, files only: %s: the environment becomes the default one: %s',
  async (env, filesOnly, isDefault) => {
    await within(null, {}, async ({ context, read }) => {
      const environment = async (name = 'local') => {
        if (name === 'missing') throw new Problem('unknown_environment', { name, known: [] });
        return { name, url: null, protected: name === 'prod' };
      };
      const report = await init(derive(context, { environment }), { ...yes, env, filesOnly }, undefined);
      expect(read('pgmage.config.ts').includes(`  environment: '${env}',`)).toBe(isDefault);
      const text = initText(report, { ...paper, width: 200 });
      const told = 'prod is protected. Commands use it only with --env prod';
      if (env === 'prod') expect(text).toContain(told);
      else expect(text).not.toContain('is protected');
    });
  },
);

test('what cannot be reached is told, and the files are written all the same', async () => {
  await within('postgres://nobody@127.0.0.1:1/none', {}, async ({ context }) => {
    const report = await init(context, yes, undefined);
    expect(report.database).toMatchObject({ is: 'unreachable', name: 'local' });
    expect(initText(report, paper)).toContain('Cannot connect to local');
    expect(report.written).toContain('pgmage.config.ts');
  });
});

test(
  'the folder of another tool is recognised, its way is kept, and the schema is written without' +
    ' a baseline',
  async () => {
    await withDatabase(anyServer(), async ({ url }) => {
      await rowsOf(url, 'create table a (id int); create table schema_migrations (version text)');
      const files = {
        'db/migrations/20260101000000_a.sql':
          '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\n',
      };
      await within(url, files, async ({ context, read }) => {
        const own = derive(context, { migrations: join(context.project.root, 'db/migrations') });
        const report = await init(own, yes, undefined);
        expect(report).toMatchObject({
          layout: 'dbmate',
          database: { is: 'adopted' },
          pulled: { baseline: null },
        });
        expect(read('pgmage.config.ts')).toContain("  layout: 'dbmate',\n");
        expect(initText(report, paper)).toContain(
          "Change the schema. Then run 'db:generate' and 'dbmate up'",
        );
        expect(read('schema/schema.sql')).toBe('CREATE TABLE public.a (\n  id integer\n);\n');
      });
    });
  },
);

test('beside another tool no script is written that refuses its migrations', async () => {
  const migrations = {
    'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
    'prisma/migrations/20260101000000_a/migration.sql': 'CREATE TABLE "User" (id int);\n',
  };
  const wide = { ...paper, width: 200 };
  await within(null, { ...migrations, 'package.json': '{}' }, async ({ context, read }) => {
    const own = derive(context, { migrations: join(context.project.root, 'prisma/migrations') });
    const report = await init(own, { ...yes, filesOnly: true }, undefined);
    expect(report.layout).toBe('prisma');
    expect(Object.keys(JSON.parse(read('package.json')).scripts)).toEqual(
      ['status', 'diff', 'generate', 'verify', 'history', 'pull', 'watch'].map((one) => `db:${one}`),
    );
    expect(initText(report, wide)).toMatch(
      /pull --from migrations' writes the schema .*\. Then run 'db:generate' and 'prisma migrate deploy'$/,
    );
    // The advice can be followed.
    await using later = derive(own, { layout: layouts.prisma });
    expect(await pull(later, { from: 'migrations' }, undefined)).toMatchObject({ done: true });
    expect(read('schema/schema.sql')).toContain('CREATE TABLE public."User"');
  });
  const graphile = { 'migrations/committed/000001.sql': 'create table a (id int);\n' };
  await within(null, { ...graphile, 'package.json': '{}' }, async ({ context }) => {
    const report = await init(context, { ...yes, filesOnly: true }, undefined);
    expect(report).toMatchObject({ layout: 'graphile-migrate' });
    expect(report.scripts).not.toContain('db:generate');
    expect(initText(report, wide)).toMatch(/ prints the SQL for a migration of graphile-migrate$/);
  });
});

test('a folder with programs of another tool is refused, and nothing is written', async () => {
  for (const file of ['migrations/1700000000000_a.js', 'migrations/20260101_a.ts', 'migrations/1_a.cjs'])
    await within(
      null,
      { [file]: 'exports.up = () => {};', 'package.json': '{}' },
      async ({ context, read }) => {
        const refused = { code: 'program_migration', data: { file } };
        expect(await failure(init(context, { ...yes, filesOnly: true }, undefined))).toMatchObject(refused);
        expect(read('package.json')).toBe('{}');
        expect(existsSync(join(context.project.root, 'pgmage.config.ts'))).toBe(false);
        // Every command that reads the folder refuses it, too.
        expect(await failure(pull(context, { from: 'migrations' }, undefined))).toMatchObject(refused);
      },
    );
});

test('a .env that Git does not ignore is told', () =>
  within(null, { '.env': 'DATABASE_URL=', '.git/HEAD': '' }, async ({ context }) => {
    const { root } = context.project;
    const told = 'Git does not ignore .env. Add it to .gitignore';
    expect(initText(await init(context, yes, undefined), paper)).toContain(told);
    writeFileSync(join(root, '.gitignore'), 'node_modules\n.env*\n');
    expect(initText(await init(context, yes, undefined), paper)).not.toContain(told);
  }));
