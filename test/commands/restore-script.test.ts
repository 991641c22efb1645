// A script without a manifest loads whole or not at all, whoever wrote it and whatever it says.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { restoreScript, type ScriptInput } from '../../lib/commands/restore-script.ts';
import { hasZstd } from '../../lib/flow/compression.ts';
import type { Digest } from '../../lib/flow/digest.ts';
import { lockKey } from '../../lib/ledger/lock.ts';
import { scriptPlanText, scriptText } from '../../lib/report/restore-script.ts';
import { type BackedUp, backedUp, backupProject, digest } from '../backup/scene.ts';
import { more } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { pgDump } from '../proof/dump.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const consent = { yes: true, force: true };
const paper = { width: 200, colour: false, now: new Date('2026-11-20T11:30:00Z') };

const before = `create schema old; create table every (id int primary key); insert into every values (1), (2);
  create view seen as select * from every; create extension pg_trgm schema old; select lo_from_bytea(4711, 'old');
  create function old.f() returns int language sql as 'select 1'; create sequence turns;`;

type Project = ReturnType<typeof backupProject>;

// A project with a file in its folder of backups, and a target with rows.
async function withTarget<T>(
  server = anyServer(),
  use: (
    own: Project,
    url: string,
    load: (text: string | Buffer, input?: Partial<ScriptInput>) => ReturnType<typeof restoreScript>,
  ) => Promise<T>,
): Promise<T> {
  return withDatabase(server, async ({ url }) => {
    await query(url, before);
    const own = backupProject({ copy: url });
    mkdirSync(own.folder, { recursive: true });
    try {
      return await use(own, url, (text, input = {}) => {
        writeFileSync(join(own.folder, 'given.sql'), text);
        return restoreScript(own.context, 'given.sql', { to: 'copy', ...consent, ...input }, undefined);
      });
    } finally {
      own.drop();
    }
  });
}

describe.each(servers().map((server) => ({ server, major: server.major })))(
  'PostgreSQL $major',
  ({ server, major }) => {
    let scene: BackedUp;
    let held: Digest[];
    let folder: string;
    const files: string[] = [];

    beforeAll(async () => {
      scene = await backedUp(server, `${everything}; ${more}`, { engine: 'native', format: 'plain' });
      held = await digest(scene.database.url);
      folder = dirname(scene.path);
      const own = gunzipSync(readFileSync(scene.path));
      writeFileSync(join(folder, 'own.sql'), own);
      writeFileSync(join(folder, 'own.gz'), gzipSync(own));
      files.push('own.sql', 'own.gz');
      const program = pgDump(major);
      if (program === null) return;
      const made = (name: string, ...words: string[]) => {
        execFileSync(program, [...words, '-f', join(folder, name), '-d', scene.database.url]);
        files.push(name);
      };
      made('plain.sql');
      made('clean.sql', '--clean', '--if-exists');
      made('inserts.sql', '--rows-per-insert=7', '--quote-all-identifiers');
      made('latin.sql', '--column-inserts', '--use-set-session-authorization');
      made('archive', '-Fc');
      made('folder', '-Fd');
      made('archive.tar', '-Ft');
    });
    afterAll(() => scene?.drop());

    test('loads what pgmage and pg_dump write, over what was there', async () => {
      expect(files.length).toBe(pgDump(major) === null ? 2 : 9);
      for (const file of files)
        await withTarget(server, async (own, url) => {
          const made = await restoreScript(
            own.context,
            join(folder, file),
            { to: 'copy', ...consent },
            undefined,
          );
          expect([file, await digest(url)]).toEqual([file, held]);
          expect(made.destroyed).toContainEqual({ name: 'public.every', rows: 2 });
          expect(made.safety?.verified?.how).toBe('read');
          expect(readdirSync(own.folder)).toHaveLength(2);
          if (file === 'plain.sql') expect(made.loaded?.rows).toBe(3015);
          expect(scriptText(made, paper)).toMatch(
            /^Loaded .* into copy\n\d+ statements, \d+ rows by COPY, in /,
          );
        });
    });

    test('statements that end a transaction inside of code fail, and all is rolled back', async () => {
      await withTarget(server, async (_own, url, load) => {
        const was = await digest(url);
        for (const text of [
          'do $$ begin commit; end $$;',
          'create procedure p() language plpgsql as $$ begin rollback; end $$; call p();',
          `do $$ begin execute 'commit'; end $$;`,
          'select pg_terminate_backend(pg_backend_pid());',
          'alter table nowhere detach partition part concurrently;',
          `select 1; select 1/0; select 2;`,
        ]) {
          const { code } = await failure(
            load(`create table made (id int);\n${text}`, { backupFirst: false }),
          );
          expect([text, code]).not.toEqual([text, 'transaction_ended']);
          expect([text, await digest(url)]).toEqual([text, was]);
        }
      });
    });
  },
);

test('an error names file and line, and the target is as it was', async () => {
  await withTarget(undefined, async (own, url, load) => {
    const was = await digest(url);
    const lines = ['create table a (id int);', '', '/* two', 'lines */ insert into a values (1);'];
    const wrong = await failure(load([...lines, `insert into a`, `  values ('x');`].join('\n')));
    expect(wrong.where).toMatchObject({ file: 'backups/given.sql', line: 6, column: 11 });
    const rows = await failure(load([...lines, 'copy a from stdin;', '1', 'x', '\\.'].join('\n')));
    expect(rows.where).toMatchObject({ line: 5 });
    expect(rows.message).toContain('x');
    const grammar = await failure(load([...lines, 'create tabel b ();'].join('\n')));
    expect([grammar.code, grammar.where?.line]).toEqual(['invalid_sql', 5]);
    expect(await digest(url)).toEqual(was);
    // The last one was refused before the backup, the others after it.
    expect(readdirSync(own.folder).filter((name) => name.endsWith('.json'))).toHaveLength(2);
  });
});

test('all that cannot run is refused at once, before the backup', async () => {
  await withTarget(undefined, async (own, url, load) => {
    const was = await digest(url);
    const problem = await failure(
      load('select 1;\ncommit and chain;\n\\i x\ncopy every to program $$id$$;\nvacuum;'),
    );
    expect([problem.code, problem.data]).toEqual([
      'script_refused',
      {
        file: 'backups/given.sql',
        faults: [
          'line 2: COMMIT is a transaction command',
          'line 3: \\i is a command of psql',
          'line 4: COPY runs a program on the server',
          'line 5: VACUUM cannot run in a transaction',
        ],
      },
    ]);
    expect(await digest(url)).toEqual(was);
    expect(readdirSync(own.folder)).toEqual(['given.sql']);
  });
});

test('scripts that try to hide a transaction command from pgmage end nothing', async () => {
  const end = `select '\\''; commit and chain; select '' /* ' */;`;
  const scripts = [
    `set standard_conforming_strings = off; ${end}`,
    `select set_config('standard_conforming_strings', 'off', false); ${end}`,
    `do $$ begin perform set_config('standard_conforming_strings', 'off', false); end $$; ${end}`,
    `create function s() returns trigger language plpgsql as $$ begin
       perform set_config('standard_conforming_strings', 'off', false); return new; end $$;
     create table a (id int); create trigger s before insert on a for each row execute function s();
     insert into a values (1); ${end}`,
    `select e'a'\n'\\''; commit and chain; select ' ';`,
    `select 1 -- \rcommit and chain;`,
    `create type pair as ("case" int); create function f(p pair) returns int begin atomic
       select p.case; end; commit and chain; select 1 end;`,
    `create function f() returns int begin atomic select 1 as "a", case 1 when 1 then 1 end; end; commit and chain;`,
    `copy every from stdin; commit and chain;\n\\.\n`,
    `set client_encoding = 'SJIS'; select '\u0083\\'; commit and chain; select ' ';`,
  ];
  await withTarget(undefined, async (_own, url, load) => {
    const was = await digest(url);
    for (const text of scripts) {
      const { code } = await failure(load(`create table made (id int); ${text}`, { backupFirst: false }));
      expect([text, code]).toEqual([
        text,
        expect.stringMatching(/^(script_refused|invalid_sql|statement_failed)$/),
      ]);
      expect([text, await digest(url)]).toEqual([text, was]);
    }
  });
});

test('a script in another encoding, with every form of text, loads as psql loads it', async () => {
  const text = Buffer.from(
    [
      `set client_encoding = 'LATIN1';`,
      `create table "caf\u00e9" (a text, b text default 'd\u00e9j\u00e0');`,
      `set standard_conforming_strings = off;`,
      `insert into "caf\u00e9" (a) values ('a\\'b;\\\\'), ('\u00fc');`,
      `set standard_conforming_strings to on;`,
      `insert into "caf\u00e9" (a) values ('a\\'), (e'\\'c'), (U&'\\00e9'), ($x$'; -- $x$) /* ; /* ' */ ; */;`,
      `copy "caf\u00e9" (a, b) from stdin with (format csv, delimiter ';', null 'nil');\r`,
      `"x;\u00e4";nil\r`,
      `\\.\r`,
      `copy "caf\u00e9" (a) from stdin with delimiter '|' null as 'none';`,
      `none`,
      `\u00f6`,
      `\\.`,
      `create function "f\u00e9"() returns text language plpgsql as $$ begin return 'commit;'; end $$;`,
      `set search_path = public; select set_config('datestyle', 'SQL, DMY', false);`,
      `create table days as select '03/04/2026'::date as day, current_setting('search_path') as path`,
    ].join('\n'),
    'latin1',
  );
  await withTarget(undefined, async (_own, url, load) => {
    expect((await load(text)).loaded).toMatchObject({ copies: 2, rows: 3 });
    const rows = await rowsOf<{ a: string | null; b: string | null }>(url, 'select a, b from "café"');
    expect(rows.map(({ a }) => a)).toEqual(["a'b;\\", 'ü', 'a\\', "'c", 'é', "'; -- ", 'x;ä', null, 'ö']);
    expect(rows.map(({ b }) => b).filter((b) => b !== 'déjà')).toEqual([null]);
    expect(await rowsOf(url, `select day::text, path from days`)).toEqual([
      { day: '2026-04-03', path: 'public' },
    ]);
    expect(await rowsOf(url, 'select "fé"() as f')).toEqual([{ f: 'commit;' }]);
    // The mark that some editors put before UTF-8.
    expect((await load(`\ufeffcreate table "ü" ()`)).loaded?.statements).toBe(1);
    expect(await rowsOf(url, `select to_regclass('"ü"') is not null as made`)).toEqual([{ made: true }]);
    for (const bad of [Buffer.from('\ufeffselect 1;', 'utf16le'), Buffer.from(`select '\xe9';`, 'latin1')])
      expect((await failure(load(bad))).code).toMatch(/^(script_refused|invalid_sql)$/);
  });
});

test('what pg_dump of 17 and 18 writes for psql alone loads on every server', async () => {
  const text = `--
-- PostgreSQL database dump
--

\\restrict hJ0d

SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (id integer);
COPY public.t (id) FROM stdin;
1
\\.
SELECT pg_catalog.lo_create('99');
BEGIN;

SELECT pg_catalog.lo_open('99', 131072);
SELECT pg_catalog.lowrite(0, '\\x6869');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- PostgreSQL database dump complete
--

\\unrestrict hJ0d
`;
  for (const server of servers())
    await withTarget(server, async (_own, url, load) => {
      expect((await load(text)).loaded?.rows).toBe(1);
      expect(await rowsOf(url, `select convert_from(lo_get(99), 'UTF8') as text`)).toEqual([{ text: 'hi' }]);
      const cut = text.slice(0, text.indexOf('SELECT pg_catalog.lo_create'));
      expect((await failure(load(cut))).message).toContain('its script is truncated');
      expect((await failure(load(gzipSync(text).subarray(0, -20)))).code).toBe('backup_damaged');
    });
});

test('--append keeps what is there, and the ledger of pgmage as well', async () => {
  await withTarget(undefined, async (own, url, load) => {
    await query(
      url,
      'create schema pgmage; create table pgmage.migrations (id int); insert into pgmage.migrations values (1)',
    );
    const made = await load('insert into every values (3); select pg_catalog.setval($$turns$$, 9);', {
      append: true,
    });
    expect([made.destroyed, made.safety?.verified?.how]).toEqual([[], 'read']);
    expect(await rowsOf(url, 'select count(*)::int as rows from every')).toEqual([{ rows: 3 }]);
    const problem = await failure(
      load('insert into every values (4); delete from pgmage.migrations', { append: true }),
    );
    expect([problem.code, problem.message]).toEqual([
      'script_refused',
      expect.stringContaining('it changes the ledger of pgmage'),
    ]);
    expect(await rowsOf(url, 'select count(*)::int as rows from every')).toEqual([{ rows: 3 }]);
    // Rows that are not lost need no leave.
    writeFileSync(join(own.folder, 'given.sql'), 'insert into every values (5)');
    const input = { to: 'copy', append: true, yes: true, backupFirst: false };
    expect((await restoreScript(own.context, 'given.sql', input, undefined)).safety).toBe(null);
  });
});

test('nothing is loaded without leave, and a failed backup stops it', async () => {
  await withTarget(undefined, async (own, url, load) => {
    const was = await digest(url);
    expect((await failure(load('select 1', { force: false }))).code).toBe('data_loss_refused');
    expect((await failure(load('select 1', { yes: false }))).code).toBe('confirmation_needed');
    let asked = '';
    const declined = await restoreScript(
      own.context,
      'given.sql',
      { to: 'copy', force: true },
      async (plan) => {
        asked = scriptPlanText(plan, paper);
        return false;
      },
    );
    expect(declined.loaded).toBe(null);
    expect(asked).toContain('This replaces the whole content of copy:\n  - public.every (2 rows)');
    expect(asked).toContain('It runs with your rights, as in psql.');
    expect(asked).toMatch(/pgmage backs copy up first\.$/);
    // A file in the place of the folder.
    const problem = await failure(
      load('select 1', { dir: 'backups/given.sql' }).catch((thrown) => Promise.reject(thrown)),
    );
    expect(problem.code).toMatch(/missing_file|unwritable_file/);
    expect(await digest(url)).toEqual(was);
    rmSync(own.folder, { recursive: true });
  });
});

test('a script cannot give away the lock, and no other session writes between the backup and the load', async () => {
  await withTarget(undefined, async (_own, url, load) => {
    const text = 'create table made (); select pg_advisory_unlock_all(); select pg_sleep(1.5)';
    const loading = load(text);
    const tries: boolean[] = [];
    let isOver = false;
    void loading.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const [row] = await rowsOf<{ held: boolean }>(url, `select pg_try_advisory_lock(${lockKey}) as held`);
      tries.push(row?.held ?? true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await loading;
    // The first tries may come before the lock, the last one after it.
    expect(tries.filter((held) => !held).length).toBeGreaterThan(10);
    const firstHeld = tries.indexOf(false);
    expect(tries.slice(firstHeld, tries.lastIndexOf(false) + 1)).not.toContain(true);
  });
});

test('zstd is read where Node.js has it', async () => {
  await withTarget(undefined, async (own, _url, load) => {
    const packed = Buffer.from('KLUv/QRY6QAAY3JlYXRlIHRhYmxlIHBhY2tlZCAoaWQgaW50KTtJ9u85', 'base64');
    if (hasZstd) expect((await load(packed)).loaded?.statements).toBe(1);
    else expect((await failure(load(packed))).message).toContain('it needs version 22.15 or later');
    expect(readdirSync(own.folder)).toContain('given.sql');
  });
});
