// Rows alone come over, into the schema that is there: it is the same before, and afterwards as it was.
import { expect, test, vi } from 'vitest';
import { clone } from '../../lib/commands/clone.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff } from '../../lib/model/diff.ts';
import { clonePlanText, cloneText } from '../../lib/report/clone.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { rowsOf } from '../servers/databases.ts';
import { cloned, contextOf, more, wholeOf } from './cloning.ts';
import { newest, ways, withPair } from './ways.ts';

vi.setConfig({ testTimeout: 120_000 });

const paper = { width: 200, colour: false, now: new Date('2026-11-21T09:30:00Z') };

test.each(ways)('rows of every type, circular keys, triggers, large objects: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    for (const { url } of [source, target]) await rowsOf(url, `${everything}; ${more}`);
    // A trigger that has to see nothing of it; one that is switched off stays so; other rows; another
    // matview.
    await rowsOf(
      target.url,
      `create function never() returns trigger language plpgsql as $$begin raise 'seen'; end$$;
       create trigger never before insert or delete on notes for each row execute function never();
       create trigger emptied before truncate on notes execute function never();
       alter table notes disable trigger never;
       update users set name = 'other', favourite = null where id = 2; delete from many where true;
       select setval('notes_id_seq', 100); select lo_unlink(4711); select lo_from_bytea(1, 'old')`,
    );
    await rowsOf(
      source.url,
      `create function never() returns trigger language plpgsql as $$begin raise 'seen'; end$$;
       create trigger never before insert or delete on notes for each row execute function never();
       create trigger emptied before truncate on notes execute function never();
       alter table notes disable trigger never;`,
    );
    const before = await wholeOf(target.url);
    const report = await cloned(contextOf(source.url, target.url), { dataOnly: true });
    const [a, b] = [await wholeOf(source.url), await wholeOf(target.url)];
    expect(b.digests).toEqual(a.digests);
    expect(diff(b.catalog, before.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
    expect(report.done?.tables).toContainEqual({ name: 'public.many', rows: 3000 });
    expect(cloneText(report, paper)).toContain('Verified before the commit: the rows of every table.');
    expect(clonePlanText(report, paper)).toContain('This replaces the rows of target and keeps its schema: ');
    expect(await rowsOf(target.url, `insert into users (name) values ('c') returning id`)).toEqual([
      { id: 4 },
    ]);
  });
});

test('a schema that is another one is told, and nothing is changed', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(
      source.url,
      'create table t (id int primary key, b int); create table u (); insert into t values (1, 1)',
    );
    await rowsOf(
      target.url,
      'create table t (id int primary key, b text); create view v as select 1; insert into t values (2)',
    );
    const before = await wholeOf(target.url);
    const problem = await failure(cloned(contextOf(source.url, target.url), { dataOnly: true }));
    expect(problem.code).toBe('clone_refused');
    expect(problem.message).toContain('their schemas differ: ');
    expect(problem.message).toContain('see db:diff --from source --to target');
    for (const what of ['u (table) is missing', 'v (view) is not expected', 't.b (column) has another type'])
      expect(problem.message).toContain(what);
    expect((await wholeOf(target.url)).digests).toEqual(before.digests);
  });
});

test('some tables: what refers to them has to fit, and all others stay', async () => {
  await withPair(newest, newest, async (source, target) => {
    const schema = `create table users (id int generated always as identity primary key, name text);
      create table notes (id int primary key, by int references users); create table apart (id serial);
      create table parts (id int references users) partition by list (id); create table part1 partition of
      parts default`;
    for (const { url } of [source, target]) await rowsOf(url, schema);
    await rowsOf(
      source.url,
      `insert into users (name) values ('a'), ('b'); insert into apart values (7);
        select nextval('apart_id_seq')`,
    );
    await rowsOf(
      target.url,
      `insert into users (name) values ('x'); insert into notes values (5, 1); insert into apart
        values (1); insert into parts values (1)`,
    );
    const context = contextOf(source.url, target.url);
    const rows = async (query: string) =>
      (await rowsOf(target.url, query)).map((row) => Object.values(row as object).join());
    const plan = await failure(
      clone(
        context,
        { from: 'source', to: 'target', dataOnly: true, tables: ['users'], yes: true },
        undefined,
      ),
    );
    expect(plan.data).toMatchObject({ losses: ['public.users (1 row)'] });
    await cloned(context, { dataOnly: true, tables: ['users'], mask: [`users.name='m' || id`] });
    expect(await rows('select id, name from users order by 1')).toEqual(['1,m1', '2,m2']);
    expect(await rows('select * from notes')).toEqual(['5,1']);
    expect(await rows('select * from apart')).toEqual(['1']);
    expect(await rows(`select nextval('apart_id_seq')`)).toEqual(['1']);
    expect(await rows(`insert into users (name) values ('c') returning id`)).toEqual(['3']);
    // A note of somebody who would be gone.
    await rowsOf(source.url, 'delete from users where id = 1');
    const before = await wholeOf(target.url);
    const problem = await failure(cloned(context, { dataOnly: true, tables: ['users'] }));
    expect(problem.message).toContain('violates foreign key constraint');
    expect((await wholeOf(target.url)).digests).toEqual(before.digests);
    // Of all, but for those that stay.
    await rowsOf(target.url, 'delete from notes; delete from parts');
    await cloned(context, { dataOnly: true, excludeData: ['apart'] });
    expect(await rows('select name from users')).toEqual(['b']);
    expect(await rows('select * from apart')).toEqual(['1']);
  });
});

test('checks that look elsewhere, or were never held against the rows that there are', async () => {
  await withPair(newest, newest, async (source, target) => {
    const schema = `create table zeroes (n int); create table zones (n int);
      create function known(n int) returns bool language sql
      as 'select exists (select from zones z where z.n = $1)';
      create domain small as int; create table t (n int, s small);`;
    const checks = `alter table zeroes add check (known(n)); alter table t add constraint above check (n > 5) not valid;
      alter domain small add constraint below check (value < 5) not valid;`;
    await rowsOf(
      source.url,
      `${schema} insert into zones values (1); insert into zeroes values (1); insert into t values (1,
        9); ${checks}`,
    );
    await rowsOf(
      target.url,
      `${schema} ${checks} insert into zones values (2); insert into zeroes values (2)`,
    );
    const before = await wholeOf(target.url);
    await cloned(contextOf(source.url, target.url), { dataOnly: true });
    const after = await wholeOf(target.url);
    expect(after.digests).toEqual((await wholeOf(source.url)).digests);
    expect(diff(after.catalog, before.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
  });
});

test('the ledger of each tells what became of it, and stays', async () => {
  await withPair(newest, newest, async (source, target) => {
    const ledger = (rows: string) =>
      `create schema pgmage; create table pgmage.schema_migrations (id serial, name text);
       insert into pgmage.schema_migrations (name) values ${rows}; create table t (id int)`;
    await rowsOf(source.url, `${ledger(`('a'), ('b')`)}; insert into t values (1)`);
    await rowsOf(target.url, ledger(`('a')`));
    await cloned(contextOf(source.url, target.url), { dataOnly: true });
    expect(await rowsOf(target.url, 'select name from pgmage.schema_migrations')).toEqual([{ name: 'a' }]);
    expect(
      await rowsOf(
        target.url,
        `select nextval('pgmage.schema_migrations_id_seq')::int as next, (select id from t) as id`,
      ),
    ).toEqual([{ next: 2, id: 1 }]);
  });
});

test.each([{ schemaOnly: true }, { swap: true }, { engine: 'pipe' as const }, { exclude: ['t'] }])(
  'it does not go with %o',
  async (other) => {
    await withPair(newest, newest, async (source, target) => {
      const refused = await failure(cloned(contextOf(source.url, target.url), { dataOnly: true, ...other }));
      expect([refused.code, refused.message]).toEqual(['bad_option', expect.stringContaining('--data-only')]);
    });
  },
);
