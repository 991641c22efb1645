// A script without a manifest loads whole or not at all, whoever wrote it and whatever it says.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { restore } from '../../lib/commands/restore.ts';
import { restoreScript } from '../../lib/commands/restore-script.ts';
import { hasZstd } from '../../lib/flow/compression.ts';
import type { Digest } from '../../lib/flow/digest.ts';
import { lockKey } from '../../lib/ledger/lock.ts';
import { scriptPlanText, scriptText } from '../../lib/report/restore-script.ts';
import { type BackedUp, backedUp, digest } from '../backup/scene.ts';
import { consent, withTarget } from '../backup/script-scene.ts';
import { more } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { pgDump } from '../proof/dump.ts';
import { rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const paper = { width: 200, colour: false, now: new Date('2026-11-20T11:30:00Z') };

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
      const rowsHeld = held.filter(({ kind }) => kind === 'table').reduce((sum, { rows }) => sum + rows, 0);
      expect(files.length).toBe(pgDump(major) === null ? 2 : 9);
      for (const file of files)
        await withTarget(server, async (own, url) => {
          const backupFirst = file === 'own.sql';
          const input = { to: 'copy', ...consent, backupFirst };
          const made = await restoreScript(own.context, join(folder, file), input, undefined);
          expect([file, await digest(url)]).toEqual([file, held]);
          expect(made.destroyed).toContainEqual({ name: 'public.every', rows: 2 });
          expect(made.safety?.verified?.how).toBe(backupFirst ? 'read' : undefined);
          expect(readdirSync(own.folder)).toHaveLength(backupFirst ? 2 : 0);
          if (file === 'plain.sql') expect(made.loaded?.rows).toBe(rowsHeld);
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
    const alone = { to: 'copy', append: true, ...consent };
    expect((await failure(restore(own.context, 'given.sql', alone, undefined))).code).toBe('bad_option');
    const without = await failure(restore(own.context, 'given.sql', { to: 'copy', ...consent }, undefined));
    expect(without.message).toContain('or load it with db:restore --without-manifest');
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

test('rows that come after the question are in the backup', async () => {
  await withTarget(undefined, async (own, url) => {
    await query(url, 'delete from every; select lo_unlink(4711)');
    writeFileSync(join(own.folder, 'given.sql'), 'create table made ()');
    const made = await restoreScript(own.context, 'given.sql', { to: 'copy' }, async (plan) => {
      expect(plan.backupFirst).toBe(false);
      await query(url, 'insert into every values (7)');
      return true;
    });
    expect(made.safety?.rows).toBe(1);
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
