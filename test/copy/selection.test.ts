// Parts of a database are cloned, and values that nobody else may see are masked before they leave it.
import { expect, test, vi } from 'vitest';
import { clone } from '../../lib/commands/clone.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import { maskers } from '../../lib/flow/masks.ts';
import { failure } from '../failure.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { cloned, contextOf } from './cloning.ts';

const server = anyServer();

const schema = `
  create schema shop; create type shop.mood as enum ('glad', 'sad');
  create function shop.touch() returns trigger language plpgsql as $$begin return new; end$$;
  create table users (id int generated always as identity primary key, email text unique not null, name text,
  phone text,
    born date, mood shop.mood, key uuid, shout text generated always as (upper(email)) stored);
  insert into users (email, name, phone, born, mood, key) values ('ann@real.org', 'Ann', '0123', '1980-05-05',
  'glad',
    '00000000-0000-0000-0000-000000000001'), ('bob@real.org', null, null, null, null, null);
  create table notes (id serial primary key, by int references users, email text);
  insert into notes (by, email) values (1, 'ann@real.org'), (2, 'carl@real.org');
  create trigger touch before update on users for each row execute function shop.touch();
  create table log (at date, email text) partition by range (at);
  create table log_old partition of log for values from (minvalue) to ('2020-01-01');
  create table log_new partition of log default;
  insert into log values ('2019-01-01', 'ann@real.org'), ('2024-01-01', 'bob@real.org');
  create view seen as select name from users; create view loud as select upper(name) from seen;
  create materialized view addresses as select email from users; select lo_from_bytea(7, 'x')`;

async function withShop<T>(use: (source: Database, target: Database) => Promise<T>): Promise<T> {
  return withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(source.socket, schema);
      return use(source, target);
    }),
  );
}

const part = ({ url }: Database, target: Database, input: CloneInput, more = {}) =>
  cloned(contextOf(url, target.url, more), input);

const countOf = async ({ socket }: Database, table: string) =>
  (await rowsOf<{ n: number }>(socket, `select count(*)::int as n from ${table}`))[0]?.n;

test('--schema-only: everything but rows', async () => {
  await withShop(async (source, target) => {
    const { done } = await part(source, target, { schemaOnly: true });
    expect(done).toMatchObject({ largeObjects: 0, sequences: 0, bytes: 0 });
    expect(await countOf(target, 'users')).toBe(0);
    expect(await countOf(target, 'addresses')).toBe(0);
    expect(await rowsOf(target.socket, `insert into users (email) values ('x') returning id`)).toEqual([
      { id: 1 },
    ]);
  });
});

test('--exclude-data: a table without its rows', async () => {
  await withShop(async (source, target) => {
    await part(source, target, { excludeData: ['notes', 'log*'] });
    expect(await countOf(target, 'users')).toBe(2);
    expect(await countOf(target, 'notes')).toBe(0);
    expect(await countOf(target, 'log')).toBe(0);
    // What then refers to nothing is refused as a whole.
    const thrown = await failure(part(source, target, { excludeData: ['users'] }));
    expect(thrown).toMatchObject({ code: 'statement_failed', data: { sqlstate: '23503' } });
    expect(await countOf(target, 'users')).toBe(2);
  });
});

test('--exclude: objects, with all that needs them, which is told', async () => {
  await withShop(async (source, target) => {
    const { done } = await part(source, target, { exclude: ['view:public.seen', 'notes'] });
    expect(done?.left).toEqual(['VIEW public.loud: it depends on an excluded object']);
    const there = `select array_agg(relname::text order by relname::text) as names from pg_class
      where relkind in ('r', 'p', 'v', 'm')
      and relnamespace = 'public'::regnamespace`;
    expect(await rowsOf(target.socket, there)).toEqual([
      { names: ['addresses', 'log', 'log_new', 'log_old', 'users'] },
    ]);
    expect((await failure(part(source, target, { exclude: ['user'] }))).message).toContain(
      'no object matches user',
    );
    expect((await failure(part(source, target, { tables: ['users,notes'] }))).message).toContain(
      'no object matches users,notes. For several, write --tables users --tables notes',
    );
  });
});

test('--tables: some tables, and what they need', async () => {
  await withShop(async (source, target) => {
    const masks = { 'users.email': '@email', 'notes.email': '@email' };
    const { done, masked } = await part(source, target, { tables: ['notes'] }, { masks });
    expect(masked).toEqual(['public.notes.email']);
    expect(done?.left).toEqual([
      'CONSTRAINT notes_by_fkey ON public.notes: it needs a table that --tables leaves out',
    ]);
    const there = `select array_agg(relname::text order by relname::text) as names from pg_class
      where relkind in ('r', 'p', 'v', 'm', 'S')
      and relnamespace = 'public'::regnamespace`;
    expect(await rowsOf(target.socket, there)).toEqual([{ names: ['notes', 'notes_id_seq'] }]);
    expect(await rowsOf(target.socket, `insert into notes default values returning id`)).toEqual([{ id: 3 }]);
    const { checks } = await part(source, target, { tables: ['users'] });
    expect(checks.filter(({ name }) => name === 'triggers').map(({ text }) => text)).toEqual([
      expect.stringMatching(/tables that are not copied.*: TRIGGER touch ON public\.users$/),
    ]);
    const whole = await part(source, target, {});
    expect(whole.checks.filter(({ name }) => name === 'triggers')).toEqual([]);
    await part(source, target, { tables: ['users'] });
    expect(await rowsOf(target.socket, there)).toEqual([{ names: ['users', 'users_id_seq'] }]);
    expect(
      await rowsOf(target.socket, `select tgname::text as name from pg_trigger where not tgisinternal`),
    ).toEqual([{ name: 'touch' }]);
  });
});

test('masks: ready ones and SQL, in partitions, too, and never what was there', async () => {
  await withShop(async (source, target) => {
    const masks = { 'users.email': '@email', 'notes.email': '@email', 'public.log.email': `'nobody'` };
    const mask = [
      'users.name=@name',
      'users.phone=@phone',
      'users.born=@year',
      'users.key=@uuid',
      `users.mood='sad'`,
    ];
    const { masked } = await part(source, target, { mask }, { masks });
    expect(masked).toEqual(expect.arrayContaining(['public.users.email', 'public.log_old.email']));
    const [ann, bob] = await rowsOf<Record<string, string | null>>(
      target.socket,
      'select *, born::text as born from users order by id',
    );
    expect(ann).toMatchObject({
      email: expect.stringMatching(/^user_[0-9a-f]{16}@example\.test$/),
      shout: ann?.email?.toUpperCase(),
      name: expect.stringMatching(/^Name [0-9a-f]{10}$/),
      phone: expect.stringMatching(/^\+1555\d{7}$/),
      born: '1980-01-01',
      mood: 'sad',
    });
    expect(ann?.key).not.toBe('00000000-0000-0000-0000-000000000001');
    expect(bob).toMatchObject({ name: null, phone: null, born: null, key: null });
    // What was the same still is.
    expect(await rowsOf(target.socket, 'select email from notes where by = 1')).toEqual([
      { email: ann?.email },
    ]);
    expect(await rowsOf(target.socket, 'select distinct email from log')).toEqual([{ email: 'nobody' }]);
    const all = await rowsOf(
      target.socket,
      `select to_jsonb(users) as row from users union all select to_jsonb(notes) from notes
      union all select to_jsonb(log) from log union all select to_jsonb(addresses) from addresses`,
    );
    expect(JSON.stringify(all)).not.toMatch(/real\.org|Ann|0123|05-05/);
    // Another run has another secret.
    await part(source, target, { mask }, { masks });
    expect(await rowsOf(target.socket, 'select email from users where id = 1')).not.toEqual([
      { email: ann?.email },
    ]);
  });
});

test('every ready masker fits a text', async () => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      const columns = maskers.map((name) => name.slice(1));
      await rowsOf(
        source.socket,
        `create table t (${columns.map((name) => `"${name}" text`).join(', ')});
        insert into t values (${columns.map(() => `'2020-05-05'`).join(', ')})`,
      );
      await part(source, target, { mask: columns.map((name) => `t.${name}=@${name}`) });
      const [row] = await rowsOf<Record<string, string>>(target.socket, 'select * from t');
      expect(Object.values(row ?? {}).filter((value) => value === '2020-05-05')).toEqual([]);
    }),
  );
});

test.each([
  ['users.mail=@email', 'there is no such column'],
  ['users.shout=@email', 'there is no such column'],
  ['users.email=@mail', '@mail is not one of'],
  ['users.email', 'it has no value after ='],
  ['users.email=foo', 'Bad mask users.email: column "foo" does not exist'],
  ['users.email=lower(', 'Bad mask users.email: syntax error'],
  ['users.email=nothing(email)', 'Bad mask users.email: function nothing(text) does not exist'],
  ['users.born=42', 'Bad mask users.born: cannot cast type integer to date'],
  ['log.at=1', 'Bad mask log.at: cannot cast type integer to date'],
])('a mask that cannot work is refused, and nothing is copied: %s', async (mask, reason) => {
  await withShop(async (source, target) => {
    const asked = vi.fn(async () => true);
    const way = { from: 'source', to: 'target', force: true };
    const thrown = await failure(clone(contextOf(source.url, target.url), { ...way, mask: [mask] }, asked));
    expect(thrown.code).toBe('bad_mask');
    expect(asked).not.toHaveBeenCalled();
    expect(thrown.message).toContain(reason);
    expect(await rowsOf(target.socket, `select to_regclass('users') as users`)).toEqual([{ users: null }]);
  });
});

test('a mask of a table that is not copied is not asked of the server', async () => {
  await withShop(async (source, target) => {
    const { done } = await part(source, target, { tables: ['users'], mask: ['log.at=1'], force: true });
    expect(done?.tables).toHaveLength(1);
  });
});

test('a mask that is never the same is noticed, and nothing is copied', async () => {
  await withShop(async (source, target) => {
    const thrown = await failure(part(source, target, { mask: ['users.name=random()::text'] }));
    expect(thrown).toMatchObject({ code: 'not_as_source' });
    expect(await rowsOf(target.socket, `select to_regclass('users') as users`)).toEqual([{ users: null }]);
  });
});

test('masks that a foreign key or a unique column refuses are named', async () => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(
        source.socket,
        `create table users (email text primary key, code text unique);
         create table logins (email text references users);
         insert into users values ('a', 'x'), ('b', 'y'); insert into logins values ('a')`,
      );
      for (const [mask, constraint] of [
        ['users.email=@email', 'logins_email_fkey'],
        [`users.code='same'`, 'users_code_key'],
      ] as const)
        for (const swap of [false, true]) {
          const { code, message, hint } = await failure(part(source, target, { mask: [mask], swap }));
          expect([code, message]).toEqual(['unfit_masks', expect.stringContaining(constraint)]);
          expect(hint).toContain(`Nothing was changed. The masks may be the reason: ${mask.split('=')[0]}.`);
          expect(await rowsOf(target.socket, `select to_regclass('users') as users`)).toEqual([
            { users: null },
          ]);
        }
      const both = { mask: ['users.email=@email', 'logins.email=@email'] };
      expect((await part(source, target, both)).done?.tables).toHaveLength(2);
    }),
  );
});
