// Facts made by hand are those that a server gives: tests that use them are worth what this one says.
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Catalog } from '../../lib/model/catalog.ts';
import { readState } from '../../lib/project/shadow-catalog.ts';
import { loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { freshCache } from '../project/cache.ts';
import {
  check,
  column,
  columnDefault,
  comment,
  enumType,
  facts,
  foreignKey,
  grant,
  having,
  index,
  notNull,
  partition,
  partitioned,
  policy,
  primaryKey,
  schema,
  sequence,
  sqlFunction,
  table,
  trigger,
  unique,
  view,
} from './facts.ts';

const text = `create schema app; create type mood as enum ('sad', 'ok'); create sequence s;
  create function f(integer) returns integer language sql as 'select 1';
  create function tf() returns trigger language plpgsql as 'begin return new; end';
  create table users (id integer not null, email text default 'x', mood mood,
  constraint users_pkey primary key (id),
    constraint users_email_key unique (email), constraint positive check (id > 0));
  create table app.posts (id bigint default nextval('s'), author integer, amount numeric(10,2),
    constraint posts_author_fkey foreign key (author) references users (id));
  create index posts_author_idx on app.posts (author); create view v as select id, email from users;
  comment on table users is 'people'; comment on column users.email is 'where';
  create trigger t before insert on users for each row execute function tf();
  create policy p on users using (true); grant select on users to public;
  create table log (at date) partition by range (at);
  create table log1 partition of log for values from (minvalue) to ('2020-01-01');`;

const made = facts(
  schema('app'),
  enumType('mood', 'sad', 'ok'),
  sequence('s'),
  sqlFunction('f', '(integer)', 'select 1'),
  having(sqlFunction('tf', '()', ''), {
    result: 'trigger',
    definition:
      'CREATE OR REPLACE FUNCTION public.tf()\n RETURNS trigger\n LANGUAGE plpgsql\nAS' +
      ' $function$begin return new; end$function$',
  }),
  table(
    'users',
    column('id', 'integer', notNull()),
    column('email', 'text', columnDefault(`'x'::text`), comment('where')),
    column('mood', 'public.mood'),
    primaryKey('id'),
    unique('email'),
    check('positive', 'id > 0', 'id'),
    comment('people'),
    trigger(
      't',
      'CREATE TRIGGER t BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.tf()',
      'function:public.tf()',
    ),
    policy('p', 'true'),
    grant('public', 'SELECT'),
  ),
  table(
    'app.posts',
    column('id', 'bigint', columnDefault(`nextval('public.s'::regclass)`, 'sequence:public.s')),
    column('author', 'integer'),
    column('amount', 'numeric(10,2)'),
    foreignKey('author', 'users'),
    index('author'),
  ),
  view(
    'v',
    ' SELECT id,\n    email\n   FROM public.users',
    ['id integer', 'email text'],
    'column:public.users.id',
    'column:public.users.email',
  ),
  partitioned('log', 'RANGE (at)', ['at date'], column('at', 'date')),
  partition('log1', 'log', `FOR VALUES FROM (MINVALUE) TO ('2020-01-01')`, column('at', 'date')),
);

test('each attribute, need and link is the one that is read from a database', async () => {
  const cacheDir = await freshCache();
  const shadow = await openShadow({ cacheDir, url: null, extensions: [] });
  try {
    const read = await shadow.state(async (connection) => {
      await loadFiles(connection, [await parseSql('schema.sql', text)]);
      const catalog = await readState(connection);
      return plain(catalog);
    });
    expect(plain(made)).toEqual(read);
  } finally {
    await shadow.close();
    await rm(cacheDir, { recursive: true });
  }
});

function plain({ facts: all, needs, dies, links }: Catalog) {
  return {
    facts: [...all.values()],
    needs: Object.fromEntries([...needs].filter(([, of]) => of.size > 0)),
    dies: Object.fromEntries([...dies].filter(([, of]) => of.size > 0)),
    links,
  };
}
