// A project is set up: what is written, what is left alone, and what is told of the database.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { init } from '../../lib/commands/init.ts';
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
        expect(read('schema/schema.sql')).toBe('CREATE TABLE public.a (\n  id integer\n);\n');
      });
    });
  },
);
