// Sources: whatever is compared is read into a catalog, from the cache where its content was read before.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalize } from '../../lib/compare/canonicalize.ts';
import { compare } from '../../lib/compare/compare.ts';
import { kinds } from '../../lib/kinds/index.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { diff, isEmpty } from '../../lib/model/diff.ts';
import { buildUnpin } from '../../lib/pg/pinned.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { decodeCatalog, encodeCatalog } from '../../lib/project/catalog-codec.ts';
import { describe, readSource, withTarget } from '../../lib/project/source.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import { failure } from '../failure.ts';
import { freshDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { derive } from './workspace.ts';

let root: string;
let told: string[];
let context: Workspace;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgmage-source-'));
  told = [];
  const members = {
    root,
    schema: join(root, 'schema.sql'),
    migrations: join(root, 'migrations'),
    cacheDir: join(root, '.pgmage'),
    embedded: join(root, '.pgmage', 'data'),
    shadow: null,
    version: 'test',
    environment: async (name = 'local') => {
      if (name !== 'local') throw new Problem('unknown_environment', { name, known: ['local'] });
      return { name, url: null, protected: false };
    },
    now: () => new Date(0),
    progress: (message: string) => told.push(message),
  };
  context = openWorkspace(members, members);
});
afterAll(async () => {
  await context[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

async function write(file: string, text: string | Uint8Array): Promise<string> {
  await mkdir(join(root, file, '..'), { recursive: true });
  await writeFile(join(root, file), text);
  return file;
}

// From which files it was loaded is not written down: these may have another name the next time.
const contentOf = (catalog: Catalog | null) => ({ ...catalog, loaded: null });
const same = (a: Catalog, b: Catalog) => isEmpty(diff(a, b, kinds));

test('a file, a folder, migrations and the embedded database that hold the same are the same', async () => {
  const file = await write(
    'schema.sql',
    'create schema s; create view s.v as select 1 as a; create view s.w as table s.v;',
  );
  await write('folder/a.sql', 'create view s.w as table s.v;');
  await write('folder/deep/b.sql', 'create schema s; create view s.v as select 1 as a;');
  await write(
    'migrations/1_first.sql',
    '-- Up Migration\ncreate schema s;\n-- Down Migration\ndrop schema s;',
  );
  await write('migrations/2_second.sql', 'create view s.v as select 1 as a; create view s.w as table s.v;');
  const wanted = await readSource(context, file);
  expect(wanted.facts.has('view:s.w')).toBe(true);
  expect(wanted.role).toBe('pgmage');
  // The template is in the cache of the user, where an earlier project may have put it.
  expect(told.filter((line) => line !== 'Preparing the shadow database (once)')).toEqual([]);
  expect(told.length).toBeLessThan(2);
  for (const source of ['folder', './folder', join(root, 'schema.sql'), 'migrations'])
    expect(same(await readSource(context, source), wanted), source).toBe(true);
  const empty = await readSource(context, 'empty');
  expect(same(await readSource(context, 'local'), empty)).toBe(true);
  expect(same(empty, wanted)).toBe(false);
}, 120_000);

test('a new enum label may be used by the statement after it, as psql allows', async () => {
  const file = await write(
    'enum.sql',
    `create type e as enum ('a'); alter type e add value 'b'; create view v as select 'b'::e;`,
  );
  expect((await readSource(context, file)).facts.has('view:public.v')).toBe(true);
});

test('content that was read before needs no shadow, whatever its file is called', async () => {
  const text = 'create view cached as select 1 as a;';
  const first = await readSource(context, await write('first.sql', text));
  const folder = join(context.project.cacheDir, 'catalogs');
  const before = (await readdir(folder)).length;
  const { project, world } = context;
  await using later = openWorkspace(project, world);
  const again = await readSource(later, await write('second.sql', text));
  expect(contentOf(again)).toEqual(contentOf(first));
  expect(await readdir(folder)).toHaveLength(before);
  await using otherVersion = derive(context, { version: 'other' });
  const other = await readSource(otherVersion, 'second.sql');
  expect(contentOf(other)).toEqual(contentOf(first));
  expect(await readdir(folder)).toHaveLength(before + 1);
});

test('a damaged cache entry is read anew', async () => {
  const file = await write('damaged.sql', 'create view damaged as select 1 as a;');
  const first = await readSource(context, file);
  const folder = join(context.project.cacheDir, 'catalogs');
  for (const name of await readdir(folder)) await writeFile(join(folder, name), '{"facts":');
  expect(contentOf(await readSource(context, file))).toEqual(contentOf(first));
});

test('a catalog survives being written down', async () => {
  const catalog = await readSource(context, 'empty');
  expect(contentOf(await decodeCatalog(encodeCatalog(catalog)))).toEqual(contentOf(catalog));
});

test('what is wrong with a file is told with its place', async () => {
  const cases: [string, string | Uint8Array, object][] = [
    [
      'syntax.sql',
      '\ufeffselect 1;\r\n create tabl x;\r\n',
      { code: 'invalid_sql', where: { line: 2, column: 9 } },
    ],
    [
      'missing.sql',
      'create view v as\nselect * from nope;',
      { code: 'missing_relation', where: { line: 2, column: 15 } },
    ],
    [
      'extension.sql',
      '\ncreate extension nope;',
      { code: 'missing_extension', where: { line: 2, column: 1 } },
    ],
    ['empty.sql', '', { code: 'empty_file', data: { file: 'empty.sql' } }],
    [
      'latin1.sql',
      Buffer.from("-- \nselect '\xe9'", 'latin1'),
      { code: 'not_utf8', data: { file: 'latin1.sql', line: 2 } },
    ],
  ];
  for (const [file, text, expected] of cases) {
    await write(file, text);
    expect(await failure(readSource(context, file)), file).toMatchObject(expected);
  }
  expect(await failure(readSource(context, 'nowhere.sql'))).toMatchObject({ code: 'missing_file' });
  expect(await failure(readSource(context, 'nowhere'))).toMatchObject({ code: 'unknown_environment' });
});

test('sources are shown without passwords and from the project', () => {
  expect(describe(context.project, 'postgres://me:secret@host/db?sslmode=require')).not.toMatch(
    /secret|sslmode/,
  );
  expect(describe(context.project, join(root, 'schema.sql'))).toBe('schema.sql');
  expect(describe(context.project, 'local')).toBe('local');
});

test('a server can be named for shadows', async () => {
  const shadow = anyServer().url();
  const file = await write('shadow.sql', 'create view v as select 1 as a;');
  await using onServer = derive(context, { shadow });
  const catalog = await readSource(onServer, file);
  expect(catalog.role).toBe('pgmage');
  const told = await canonicalize(onServer, await readSource(context, file), catalog);
  expect(isEmpty(told.diff)).toBe(true);
});

test('a text that only gained casts, as a server adds them to its own, is the same; another one is' +
  ' not', async () => {
  const table = (check: string) => `create table t (a varchar(10), constraint c check (${check}));`;
  const file = await write('in.sql', table(`a in ('x', 'y')`));
  const told = `((a)::text = any ((array['x'::character varying, 'y'::character varying])::text[]))`;
  const again = await write('told.sql', table(told));
  const other = await write('other.sql', table(told.replace("'y'", "'z'")));
  expect(same(await readSource(context, file), await readSource(context, again))).toBe(false);
  const pair = async (from: string, to: string) => {
    return (await compare(context, from, to)).same;
  };
  expect(await pair(file, again)).toBe(true);
  expect(await pair(again, file)).toBe(true);
  expect(await pair(file, other)).toBe(false);
}, 120_000);

test('databases of every version are in the same words as the wanted schema', async () => {
  const sql = await readFile(new URL('./words.sql', import.meta.url), 'utf8');
  const file = await write('words.sql', sql);
  for (const server of servers()) {
    const database = await freshDatabase(server);
    try {
      const target = { name: 'prod', url: database.url, protected: false };
      await withTarget(context, target, (connection) =>
        connection.execute(`${buildUnpin('session')}; ${sql}`),
      );
      const comparison = await compare(derive(context, { environment: async () => target }), 'prod', file);
      expect(comparison.before.major).toBe(server.major);
      expect(comparison.diff).toEqual({ added: [], removed: [], changed: [] });
    } finally {
      await database.drop();
    }
  }
});
