// A walk through a project with its migrations, as a person takes it: by processes.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withTemplate } from '../project/cache.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

const repository = join(import.meta.dirname, '../..');
let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-walk-'));
  await withTemplate(join(root, '.pgmage', 'cache'));
  writeFileSync(join(root, 'package.json'), '{}');
  if (!existsSync(join(repository, 'dist'))) await started(['build.js'], repository, '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function started(
  words: string[],
  cwd: string,
  url: string,
): Promise<{ code: number; out: string; log: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      words,
      { cwd, env: { ...process.env, DATABASE_URL: url } },
      (error, out, log) => resolve({ code: error === null ? 0 : Number(error.code), out, log }),
    );
  });
}

test('a newcomer: init on a database that is there, change, generate, sync, roll back, verify, history', async () => {
  const home = mkdtempSync(join(tmpdir(), 'pgmage-newcomer-'));
  const read = (file: string) => readFileSync(join(home, file), 'utf8');
  writeFileSync(join(home, 'package.json'), '{\n  "name": "shop",\n  "scripts": { "test": "true" }\n}\n');
  await withDatabase(anyServer(), async ({ url }) => {
    const pgmage = (...words: string[]) => started([join(repository, 'bin/pgmage.cjs'), ...words], home, url);
    await rowsOf(
      url,
      `create table users (id bigserial primary key, email text not null unique); insert into users (email)
        values ('a@b');
       create view emails as select email from users; comment on table users is 'Who buys'`,
    );

    const unasked = await pgmage('init');
    expect(unasked).toMatchObject({ code: 64, out: '' });
    expect(unasked.log).toContain('init needs confirmation\nHint: Run it in a terminal');
    const begun = await pgmage('init', '--yes');
    const first = readdirSync(join(home, 'migrations')).find((file) => file.endsWith('.sql')) as string;
    expect(begun).toMatchObject({ code: 0 });
    expect(begun.out).toBe(
      `Wrote pgmage.config.ts
Wrote package.json
Wrote migrations/README.md
Wrote schema/schema.sql (16 lines)
Verified: the files give the same 3 objects as local.
Wrote migrations/${first}
Recorded ${first.replace('.sql', '')} in local as applied
Change the schema, then run 'db:generate' and 'db:sync'
`,
    );
    expect(read('schema/schema.sql')).toBe(`-- Tables

CREATE TABLE public.users (
  id bigserial NOT NULL,
  email text NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email)
);

COMMENT ON TABLE public.users IS 'Who buys';

-- Views

CREATE VIEW public.emails AS
 SELECT ${anyServer().major < 16 ? 'users.' : ''}email
   FROM public.users;
`);
    expect(JSON.parse(read('package.json')).scripts['db:status']).toBe('pgmage db:status');
    expect(read('package.json')).toContain(
      '  "scripts": { "test": "true", "db:status": "pgmage db:status", ',
    );
    const kept = read(`migrations/${first}`);
    rmSync(join(home, 'migrations', first));
    const alone = await pgmage('init', '--yes');
    expect(alone.out).toBe(
      'Nothing to write: all files exist.\nNo migration records the schema of local. Before you change it,' +
        " run 'db:generate' and 'db:sync --baseline'\n",
    );
    writeFileSync(join(home, 'migrations', first), kept);
    const again = await pgmage('init', '--yes');
    expect(again.out).toBe(
      "Nothing to write: all files exist.\nChange the schema, then run 'db:generate' and 'db:sync'\n",
    );
    const status = await pgmage('db:status', '--check');
    expect(status.code).toBe(0);
    expect(status.out).toContain('Status: IN SYNC');
    expect(status.out).toContain('Migrations: 1, applied: 1\n');

    const schema = read('schema/schema.sql').replace(
      '  email text NOT NULL,\n',
      '  email text NOT NULL,\n  note text,\n',
    );
    writeFileSync(join(home, 'schema/schema.sql'), schema);
    const generated = await pgmage('db:generate');
    expect(generated).toMatchObject({ code: 0 });
    expect(generated.out).toMatch(
      /^migrations\/\d{17}_add_column_users_note\.sql\n {2}can be undone exactly\n$/,
    );
    const second = /\d{17}\w+/.exec(generated.out)?.[0] as string;
    const synced = await pgmage('db:sync', '--yes');
    expect(synced).toMatchObject({ code: 0, out: `Applied ${second}\nlocal is in sync.\n` });
    expect(await rowsOf(url, 'select email, note from users')).toEqual([{ email: 'a@b', note: null }]);
    expect(await pgmage('db:rollback', '--yes', '--force')).toMatchObject({
      code: 0,
      out: `Undone ${second}\n`,
    });
    expect((await pgmage('db:sync', '--yes')).code).toBe(0);
    expect((await pgmage('db:verify', '--check')).code).toBe(0);
    const { out } = await pgmage('db:history');
    const lines = out.split('\n');
    expect(lines[0]).toMatch(
      new RegExp(`^.{19} UTC {2}up {4}${first.replace('.sql', '')} {2}by .* \\(baseline\\)$`),
    );
    expect(lines.slice(1, 4).map((line) => line.slice(25, 31).trim())).toEqual(['up', 'down', 'up']);
    expect(out).toContain('2 migrations applied to local');
  });
  rmSync(home, { recursive: true });
});

test('change, generate, sync, roll back, verify, history', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const pgmage = (...words: string[]) => started([join(repository, 'bin/pgmage.cjs'), ...words], root, url);
    const want = (schema: string) => writeFileSync(join(root, 'schema.sql'), schema);

    want('CREATE TABLE users (id bigint PRIMARY KEY, email text);');
    const generated = await pgmage('db:generate');
    expect(generated.code).toBe(0);
    expect(generated.out).toMatch(/^migrations\/\d{17}_add_table_users\.sql\n {2}can be undone exactly\n$/);
    const first = readdirSync(join(root, 'migrations'))[0]?.replace('.sql', '') as string;

    const unasked = await pgmage('db:sync');
    expect(unasked).toMatchObject({ code: 64, out: '' });
    expect(unasked.log).toContain('db:sync of local needs confirmation');
    const synced = await pgmage('db:sync', '--yes');
    expect(synced).toMatchObject({ code: 0, out: `Applied ${first}\nlocal is in sync.\n` });
    expect((await pgmage('db:sync')).out).toBe('local is in sync.\n');
    await rowsOf(url, `insert into users values (1, 'a@b')`);

    want('CREATE TABLE users (id bigint PRIMARY KEY);');
    const status = await pgmage('db:status', '--check');
    expect(status.code).toBe(2);
    expect(status.out).toContain(
      'Migrations: 1, applied: 1\nChanged in schema.sql, but in no migration (db:generate writes one):\n',
    );
    const refused = await pgmage('db:sync', '--yes');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.log).toContain(
      'Cannot proceed: would drop data. Use --force flag\nHint: Data would be lost by: ALTER TABLE',
    );

    const tooFar = await pgmage('db:rollback', '123', '--yes');
    expect(tooFar.code).toBe(64);
    expect(tooFar.log).toContain(
      `No migration 123 is applied to local\nHint: Applied: ${first.slice(0, 17)}.`,
    );
    const undone = await pgmage('db:rollback', '--yes', '--force');
    expect(undone).toMatchObject({ code: 0, out: `Undone ${first}\n` });
    const broken = await pgmage('db:verify', '--check');
    expect(broken.code).toBe(2);
    expect(broken.out).toContain(`FAIL Migrations are not applied ('db:sync' applies them)\n  - ${first}\n`);

    expect((await pgmage('db:sync', '--yes')).code).toBe(0);
    const verified = await pgmage('db:verify', '--check', '--json');
    expect(JSON.parse(verified.out)).toMatchObject({ sound: true, target: { name: 'local' } });
    const { out } = await pgmage('db:history');
    expect(
      out
        .split('\n')
        .slice(0, 4)
        .map((line) => line.slice(25, 31).trim()),
    ).toEqual(['up', 'down', 'up', 'up']);
    expect(out).toContain('2 migrations applied to local');
  });
});
