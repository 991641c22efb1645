// Migrations of other tools: replayed in their order, compared with what their tool has applied, and written
// its way.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { pull } from '../../lib/commands/pull.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { isSound, status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { compare } from '../../lib/compare/compare.ts';
import { getLayout, type LayoutName } from '../../lib/migration/layouts.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { verifyAnnotations } from '../../lib/report/annotations.ts';
import { generateText, verifyText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

vi.setConfig({ testTimeout: 300_000 });

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true }));

interface Here {
  readonly context: Workspace;
  readonly url: string;
  want(schema: string): void;
  /** All files of the folder of migrations. */
  files(): string[];
}

// A project with the folder of another tool.
async function having(
  name: LayoutName,
  files: Readonly<Record<string, string>>,
  use: (here: Here) => Promise<void>,
): Promise<void> {
  await withDatabase(anyServer(), async ({ url }) => {
    const layout = getLayout(name);
    const folder = layout?.folder ?? 'migrations';
    const own = project(url, cache, (root) => ({
      migrations: join(root, folder),
      ...(layout && { layout }),
    }));
    const { context } = own;
    const { migrations } = context.project;
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(migrations, file, '..'), { recursive: true });
      writeFileSync(join(migrations, file), text);
    }
    const list = () =>
      readdirSync(migrations, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.sql'))
        .sort();
    try {
      await use({ context, url, want: own.want, files: list });
    } finally {
      own.drop();
    }
  });
}

const one = 'create table a (id int);\n';
const two = 'alter table a add b text;\n';

// What lies in the folder, what the tool keeps of it, and what a new migration looks like.
const tools: readonly {
  name: LayoutName;
  files: Record<string, string>;
  ledger: string;
  written: RegExp | null;
}[] = [
  {
    name: 'dbmate',
    files: {
      '20260101000000_a.sql': `-- migrate:up\n${one}\n-- migrate:down\ndrop table a;\n`,
      '20260102000000_b.sql': `-- migrate:up\n${two}\n-- migrate:down\nalter table a drop b;\n`,
    },
    ledger: `create table schema_migrations (version varchar primary key); insert into schema_migrations
      values ('20260101000000')`,
    written: /^-- migrate:up\n\nCREATE TABLE public\.c [^;]*;\n\n-- migrate:down\n\nDROP TABLE public\.c;\n$/,
  },
  {
    name: 'node-pg-migrate',
    files: {
      '1700000000000_a.sql': `-- Up Migration\n${one}\n-- Down Migration\ndrop table a;\n`,
      '1700000000001_b.sql': `-- Up Migration\n${two}\n-- Down Migration\nalter table a drop b;\n`,
    },
    ledger: `create table pgmigrations (id serial primary key, name varchar(255) not null,
      run_on timestamp not null);
      insert into pgmigrations (name, run_on) values ('1700000000000_a', now())`,
    written:
      /^-- Up Migration\n\nCREATE TABLE public\.c [^;]*;\n\n-- Down Migration\n\nDROP TABLE public\.c;\n$/,
  },
  {
    name: 'prisma',
    files: {
      'migration_lock.toml': 'provider = "postgresql"\n',
      '20260101000000_a/migration.sql': one,
      '20260102000000_b/migration.sql': two,
    },
    ledger: `create table _prisma_migrations (id text primary key, migration_name text not null,
      finished_at timestamptz, rolled_back_at timestamptz);
      insert into _prisma_migrations values ('1', '20260101000000_a', now(), null), ('2', '20260102000000_b',
      null, now())`,
    written: /^CREATE TABLE public\.c [^;]*;\n$/,
  },
  {
    name: 'graphile-migrate',
    files: {
      'committed/000001.sql':
        `--! Previous: -\n--! Hash: sha1:0\n\ngrant connect on database` +
        ` :DATABASE_NAME to :DATABASE_OWNER;\n${one}`,
      'committed/000002-b.sql': `--! Previous: sha1:0\n--! Hash: sha1:1\n\n${two}`,
      'current.sql': 'create table unfinished ();',
    },
    ledger: `create schema graphile_migrate; create table graphile_migrate.migrations (hash text primary key,
      filename text not null);
      insert into graphile_migrate.migrations values ('sha1:0', '000001.sql')`,
    written: null,
  },
  {
    name: 'supabase',
    files: { '20260101000000_a.sql': one, '20260102000000_b.sql': two },
    ledger: `create schema supabase_migrations; create table supabase_migrations.schema_migrations (version
      text primary key);
      insert into supabase_migrations.schema_migrations values ('20260101000000')`,
    written: /^CREATE TABLE public\.c [^;]*;\n$/,
  },
];

const paper = { width: 100, colour: false, now: new Date() };

test.each(tools)('a folder of $name', async ({ name, files, ledger, written }) => {
  await having(name, files, async ({ context, url, want, files: list }) => {
    await rowsOf(url, `${one}${ledger}`);
    want('create table a (id int, b text);\n');
    expect((await compare(context, 'migrations', context.project.schema)).same).toBe(true);
    const names = list();
    const second = expect.stringMatching(/^(20260102000000|1700000000001|000002)/);
    const { record, changes } = await status(context);
    expect(record).toMatchObject({
      files: 2,
      applied: 1,
      pending: [second],
      drift: [],
      faults: [],
      unrecorded: [],
    });
    expect(changes).toHaveLength(1);
    const verified = await verify(context);
    expect(verified.checks.filter(({ faults }) => faults.length > 0)).toMatchObject([{ is: 'pending' }]);
    expect(verified.checks.map(({ is }) => is)).not.toContain('stamps');
    expect(verifyAnnotations(verified)).toMatch(/^::error title=Migrations are not applied [^,]*,file=/m);
    const { command } = getLayout(name) ?? {};
    expect(verifyText(verified, paper)).toContain(`not applied ('${command ?? 'db:sync'}' applies them)`);
    for (const refused of [
      sync(context, { yes: true }, undefined),
      rollback(context, { yes: true }, undefined),
    ])
      expect((await failure(refused)).message).toContain('does not support migrations of');
    expect((await failure(pull(context, { baseline: true, force: true }, undefined))).code).toBe(
      'foreign_migrations',
    );

    want('create table a (id int, b text); create table c (id int);');
    if (written === null) {
      expect((await failure(generate(context))).hint).toContain('db:diff --from migrations --sql');
      return;
    }
    const report = await generate(context);
    expect(generateText(report, paper)).not.toContain('draft');
    const [file = '', ...others] = list().filter((path) => !names.includes(path));
    expect(others).toEqual([]);
    expect(readFileSync(join(context.project.migrations, file), 'utf8')).toMatch(written);
    expect(file).toMatch(/^(\d{14}|\d{13})_add_table_c(\.sql|\/migration\.sql)$/);
    // Files that were there are never touched.
    for (const [path, text] of Object.entries(files))
      expect(readFileSync(join(context.project.migrations, path), 'utf8')).toBe(text);
    expect((await compare(context, 'migrations', context.project.schema)).same).toBe(true);
  });
});

// Each file as the tool sends it: whole, in a transaction unless it says otherwise and the tool knows that.
const inTransaction: Readonly<Record<string, (text: string) => boolean>> = {
  dbmate: (text) => !/^-- migrate:up transaction:false$/m.test(text),
};

test.each(tools.filter(({ written }) => written !== null))(
  'what $name is given can be run by it',
  async ({ name }) => {
    await having(name, {}, async ({ context, url, want, files: list }) => {
      want('create table a (id int, n int);');
      await generate(context, { name: 'first' });
      want('create table a (id int, n int not null, constraint id check (id > 0)); create index on a (id);');
      await generate(context, { name: 'second' });
      const layout = getLayout(name);
      const texts = list().map((file) => readFileSync(join(context.project.migrations, file), 'utf8'));
      for (const text of texts) {
        const up = layout?.up(text) ?? { start: 0, end: text.length };
        const sql = text.slice(up.start, up.end);
        const isInside = inTransaction[name]?.(text) ?? true;
        await rowsOf(url, isInside ? `begin; ${sql}\n; commit` : sql);
      }
      expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
      expect(texts.some((text) => text.includes('CONCURRENTLY'))).toBe(name === 'dbmate');
    });
  },
);

test('programs among the migrations are told, not passed over', async () => {
  await having('node-pg-migrate', { '1700000000000_a.js': 'exports.up = () => {}' }, async ({ context }) => {
    expect(await failure(compare(context, 'empty', 'migrations'))).toMatchObject({
      code: 'program_migration',
      message: 'migrations/1700000000000_a.js is a program of another tool, and only SQL can be replayed',
    });
  });
});

test('a schema for Supabase refers to what is there, and only what is its own is compared', async () => {
  await having('supabase', {}, async ({ context, url, want, files }) => {
    // As much of what Supabase keeps as is told apart from a user's own.
    await rowsOf(
      url,
      `do $$begin create role supabase_admin; exception when duplicate_object then null; end$$;
       do $$begin create role authenticated; exception when duplicate_object then null; end$$;
       create schema auth authorization supabase_admin; create schema extensions; create extension pgcrypto
       schema extensions;
       create table auth.users (id uuid primary key, more text);
       create function auth.uid() returns uuid stable language sql as 'select null::uuid';
       create table profiles (id uuid primary key references auth.users, name text);
       alter table profiles enable row level security;
       create policy own on profiles to authenticated using (auth.uid() = id);
       grant select on profiles to authenticated`,
    );
    await pull(context, {}, undefined);
    const text = readFileSync(context.project.schema, 'utf8');
    expect(text).toContain('REFERENCES auth.users(id)');
    expect(text).not.toMatch(/CREATE (SCHEMA|EXTENSION|FUNCTION)/);
    expect(isSound(await status(context))).toBe(true);
    await generate(context, { name: 'first' });
    const [file = ''] = files();
    expect(file).toMatch(/^\d{14}_first\.sql$/);
    expect(readFileSync(join(context.project.migrations, file), 'utf8')).not.toContain('Migration');
    want(`${text}\ncreate table more ();`);
    expect((await generate(context)).written).toMatchObject([
      { file: expect.stringContaining('add_table_more.sql') },
    ]);
  });
});
