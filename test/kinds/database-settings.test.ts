// Settings of a database: pulled, loaded by psql, compared only where a schema file sets any.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { pull } from '../../lib/commands/pull.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { freshCache } from '../project/cache.ts';
import { withProject } from '../project/project.ts';
import { loadByPsql } from '../proof/dump.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

vi.setConfig({ testTimeout: 120_000 });

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true }));

const setting = (sql: string) =>
  `do $do$ begin execute format($text$alter database %I set ${sql}$text$, current_database()); end $do$;`;

const settings = async (url: string): Promise<string[]> => {
  const rows = await rowsOf<{ one: string }>(
    url,
    `select unnest(setconfig) as one from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
      where d.datname = current_database() and setrole = 0 order by 1`,
  );
  return rows.map(({ one }) => one);
};

test('a pulled file sets them in the database that psql loads it into, without secrets', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const path = `search_path = "$user", public, "a, ""b"""`;
    const all = [path, `work_mem = '9MB'`, `app.secret = 'sesame'`].map(setting);
    await rowsOf(url, `create table t (id int); ${all.join('')}`);
    await withProject(url, cache, async ({ context }) => {
      const report = await pull(context, { out: 'pulled.sql', split: false }, undefined);
      expect(report.unmanaged).toEqual(['SETTING app.secret of the database']);
      expect(JSON.stringify(report)).not.toContain('sesame');
      const file = join(context.project.root, 'pulled.sql');
      await withDatabase(anyServer(), async (loaded) => {
        await loadByPsql(file, loaded.socket);
        expect(await settings(loaded.url)).toEqual([
          `search_path="$user", public, "a, ""b"""`,
          'work_mem=9MB',
        ]);
      });
      expect((await compare(context, 'local', file)).changes).toEqual([]);
    });
  });
});

test('a file that sets none leaves those of the database; one that sets any is compared with all', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, `create table t (id int); ${setting(`work_mem = '9MB'`)}`);
    await withProject(url, cache, async ({ context, want }) => {
      want('create table t (id int);');
      const { same } = await compare(context, 'local', context.project.schema);
      expect(same).toBe(true);
      want(`create table t (id int); ${setting(`statement_timeout = '5s'`)}`);
      const { up, down } = await compare(context, 'local', context.project.schema);
      const inner = (sql: string) => /ALTER DATABASE %I [^,]*/.exec(sql)?.[0];
      expect(up.map(({ sql }) => inner(sql)).join()).toMatch(
        /RESET work_mem.*SET statement_timeout TO ''5s''/,
      );
      expect(down.map(({ sql }) => inner(sql)).join()).toMatch(
        /RESET statement_timeout.*SET work_mem TO ''9MB''/,
      );
    });
  });
});

test('a migration sets them, and its way back resets them', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await withProject(url, cache, async ({ context, want, files, read }) => {
      want('create table t (id int);');
      await generate(context);
      want(`create table t (id int); ${setting(`work_mem = '9MB'`)}`);
      expect((await generate(context)).written).toHaveLength(1);
      const [up = '', down = ''] = read(files()[1] ?? '').split('-- Down Migration');
      expect(up).toContain(`SET work_mem TO ''9MB''`);
      expect(down).toContain('RESET work_mem');
      await sync(context, { yes: true }, undefined);
      expect(await settings(url)).toEqual(['work_mem=9MB']);
      await rollback(context, { yes: true }, undefined);
      expect(await settings(url)).toEqual([]);
    });
  });
});

test('the first migration sets them, too', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, `create table t (id int); ${setting(`work_mem = '9MB'`)}`);
    await withProject(url, cache, async ({ context, files, read }) => {
      const { unmanaged } = await pull(context, { baseline: true }, undefined);
      expect(unmanaged).toEqual([]);
      const [up, down] = read(files()[0] ?? '').split('-- Down Migration');
      expect(up).toContain(`SET work_mem TO ''9MB''`);
      expect(down).toContain('RESET work_mem');
    });
  });
});

test('a database that has settings and nothing else gets its first migration', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, setting(`work_mem = '9MB'`));
    await withProject(url, cache, async ({ context, want }) => {
      want('create table t (id int);');
      await sync(context, { yes: true }, undefined);
      expect(await settings(url)).toEqual(['work_mem=9MB']);
      expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
    });
  });
});
