// What dumps and products write into schema files: read as psql reads it, rebuilt the same, and pulled the
// same.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { status } from '../../lib/index.ts';
import { runByPsql } from '../proof/dump.ts';
import { type Database, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { compared, type Desk, deskOn, pulledBack, scriptsFor } from './proof.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let desk: Desk;
let folder: string;

beforeAll(async () => {
  desk = await deskOn(
    anyServer(),
    `do $$begin if not exists (select from pg_roles where rolname = 'app_user')
      then create role app_user; end if; end$$;`,
  );
  folder = mkdtempSync(join(tmpdir(), 'pgmage-ordinary-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const schemas: Record<string, string> = {
  'a dump with its settings, COPY and setval': String.raw`
\restrict abc
SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET row_security = off;
CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'who did what';
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';
CREATE FUNCTION audit.f(i integer) RETURNS integer LANGUAGE sql AS $$ select i from audit.later $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE audit.later (i integer, note text DEFAULT 'it''s; "x"'::text);
CREATE SEQUENCE audit.later_i_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE audit.later_i_seq OWNED BY audit.later.i;
ALTER TABLE ONLY audit.later ALTER COLUMN i SET DEFAULT nextval('audit.later_i_seq'::regclass);
COPY audit.later (i, note) FROM stdin;
1	a;b\tc
2	\N
\.
SELECT pg_catalog.setval('audit.later_i_seq', 2, true);
ALTER TABLE ONLY audit.later ADD CONSTRAINT later_pkey PRIMARY KEY (i);
\unrestrict abc
`,
  'transactions, renames, drops and IF NOT EXISTS': `
begin;
create table if not exists old_name (id serial primary key, a int, gone text);
create table if not exists old_name (id int);
alter table old_name rename to new_name;
alter table new_name rename column a to b;
alter table new_name drop column gone;
alter sequence old_name_id_seq rename to new_name_id_seq;
create index if not exists i on new_name (b);
alter index i rename to j;
create table dropped (a int);
drop table if exists dropped cascade;
drop view if exists nothing;
commit;
begin transaction isolation level serializable;
create or replace view v as select id from new_name;
create or replace view v as select id, b from new_name;
create type mood as enum ('a', 'b');
alter type mood rename value 'a' to 'c';
alter type mood add value if not exists 'd' after 'c';
end;`,
  'CREATE SCHEMA with elements, search_path in the middle, quoted and mixed-case names': `
create schema shop
  create table items (id int primary key, parent int references items)
  create view few as select id from items
  create index on items (parent);
set search_path = shop, public;
create table "Order Lines" ("Item" int references items, "a""b" text, "é" int, primary key ("Item"));
create function "Total"(x "Order Lines") returns bigint language sql stable as 'select count(*) from items';
create type "My Type" as ("X" int, "y z" text);
create table uses_type (v "My Type", vs "My Type"[]);
set search_path to default;
create table outside (id int default 1);
reset search_path;`,
  'partition trees with keys, defaults and indexes': `
create table events (id bigserial, at timestamptz not null, kind text not null, body jsonb,
  primary key (id, at, kind)) partition by range (at);
create table events_2025 partition of events for values
from ('2025-01-01') to ('2026-01-01') partition by list (kind);
create table events_2025_a partition of events_2025 for values in ('a');
create table events_2025_rest partition of events_2025 default;
create table events_default partition of events default;
create index on events (kind);
create unique index on events (at, kind, id);
create table hashed (id int, v text) partition by hash (id);
create table hashed_0 partition of hashed for values with (modulus 2, remainder 0);
create table hashed_1 (v text, id int);
alter table hashed attach partition hashed_1 for values with (modulus 2, remainder 1);
create function noted() returns trigger language plpgsql as 'begin return new; end';
create trigger noted after insert on events for each row execute function noted();`,
  'identities and indexes of the upper table alone, over partitions of partitions': `
create table z (id int generated always as identity, a int not null, b int) partition by list (a);
create table y partition of z for values in (1, 2) partition by list (b);
create table x partition of y for values in (1) partition by list (b);
create table w partition of x for values in (1);
create table v partition of y default;
create index upper_alone on only z (a);
create index middle on only y (b);
create index high on only z (b);
alter index high attach partition middle;
create index x_part on x (a, b);
create index one_of_two on only y (a, b);
alter index one_of_two attach partition x_part;`,
  'constraints of every sort': `
create extension if not exists btree_gist;
create domain email as text check (value ~ '@') not null;
create domain emails as email[] check (cardinality(value) < 10);
create table rooms (id int generated by default as identity primary key,
code text unique deferrable initially deferred);
create table bookings (room int not null references rooms on delete cascade
on update set null deferrable initially deferred,
  during tstzrange not null, who email, others emails, total numeric(10,
  2) generated always as (1.5 * 2) stored,
  exclude using gist (room with =, during with &&) where (who is not null) deferrable,
  constraint positive check (total > 0) no inherit, unique nulls not distinct (room, who));
alter table bookings add constraint late check (room > 0) not valid;
create table child (extra int) inherits (rooms);
alter table child add constraint child_code unique (code);
create table composite (a int, b int, primary key (a, b));
create table refers (a int, b int, foreign key (a, b) references composite match full
on delete set null (a));`,
  'rules, triggers on views, event triggers, operators and aggregates': `
create table t (id int primary key, a text collate "C");
create view v as select id, a from t where id > 0 with local check option;
create rule ins as on insert to v do instead insert into t values (new.id, new.a) returning id, a;
create rule del as on delete to t where old.id = 1 do also insert into t values (2);
create view w with (security_barrier, security_invoker) as table t;
create function w_insert() returns trigger language plpgsql as 'begin return new; end';
create trigger w_insert instead of insert on w for each row execute function w_insert();
create function bigger(a text, b text) returns boolean immutable language sql
as 'select length(a) > length(b)';
create operator |>| (leftarg = text, rightarg = text, function = bigger, commutator = |<|);
create aggregate longest(text) (sfunc = textcat, stype = text, initcond = '');
create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table named (a text collate ci);
create function logged() returns event_trigger language plpgsql as 'begin null; end';
create event trigger logged on ddl_command_start when tag in ('DROP TABLE') execute function logged();
create materialized view m as select id, count(*) as n from t group by id with no data;
create unique index on m (id);
create statistics s (ndistinct, dependencies) on id, a from t;
create cast (text as int) with inout as assignment;`,
  'privileges, policies, publications and comments': `
create table t (id int primary key, owner_name text default current_user, secret text);
alter table t enable row level security;
alter table t force row level security;
create policy own on t for all to app_user using (owner_name = current_user) with check (true);
create policy narrow on t as restrictive for select to public using (id > 0);
grant select (id), update (secret) on t to app_user;
grant usage on schema public to app_user with grant option;
create function f() returns int security definer set search_path = pg_catalog,
public language sql as 'select 1';
revoke all on function f() from public;
grant execute on function f() to app_user;
alter default privileges in schema public grant select on tables to app_user;
alter default privileges revoke execute on functions from public;
create table after_defaults (a int);
create publication p for table t where (id > 5), after_defaults with (publish = 'insert, update');
create publication q for tables in schema public;
comment on column t.secret is E'a\nb';
comment on policy own on t is 'p';
comment on constraint t_pkey on t is 'k';
alter table t replica identity full;
create type state as enum ();
comment on type state is 'none yet';`,
  'DO blocks, temporary tables and functions in many shapes': `
do $do$
declare i int;
begin
  for i in 1..3 loop
    execute format('create table made_%s (id int primary key, at timestamptz default now())', i);
    execute format('create index on made_%s (at desc nulls last) include (id) where id > %s', i, i);
  end loop;
exception when duplicate_table then null;
end
$do$;
create temp table scratch (a int);
create temporary view seen as select * from scratch;
create function multi(in a int, out b int, inout c text, variadic d int[] default '{}') language plpgsql
as $_$begin b := 1; end$_$;
create function tab(n int) returns table (x int, y text) rows 10 cost 5 parallel safe leakproof language sql
as $$select 1, 'a'$$;
create function atomic(a int) returns int immutable language sql begin atomic;
select a + (select count(*)::int from made_1); end;
create function ret(a int) returns int immutable return a * 2;
create procedure proc(inout a int) language plpgsql as $$begin commit; end$$;
create function poly(a anyelement, b anyarray) returns anyelement language sql as 'select a';
create function rowed(r made_1) returns setof made_2 language sql as 'select * from public.made_2';
create function typed() returns int language plpgsql
as 'declare v made_3%rowtype; w made_3.id%type; begin return w; end';
create index on made_1 (ret(id)) with (fillfactor = 70);
create view recursive_one as with recursive r as (select 1 as n union all select n + 1 from r where n < 5)
select n from r;
create view windowed as select id, row_number() over (partition by at order by id) from made_1;
create table likes (like made_1 including all, extra xml);
create table as_select as select id, at::date as day from made_1;
alter table as_select set (autovacuum_enabled = false, toast.autovacuum_enabled = false);
alter table as_select alter column day set statistics 500, alter column day set storage plain;`,
};

// psql loads the file as a user would; pgmage reads the same file.
async function judged(sql: string, source: Database): Promise<Record<string, unknown>> {
  const file = join(folder, 'schema.sql');
  writeFileSync(file, sql);
  await runByPsql(sql, source.socket);
  const { changes } = await status({ cwd: folder, variables: { DATABASE_URL: source.url } });
  const { up } = await scriptsFor(file);
  const rebuilt = await withDatabase(desk.server, async (made) => {
    await runByPsql(up, made.socket);
    return compared(desk, made, source);
  });
  const found = { ...rebuilt, ...(await pulledBack(desk, source)) };
  return {
    'out of sync': changes.map(({ text }) => text),
    ...Object.fromEntries(Object.entries(found).filter(([, lines]) => lines.length > 0)),
  };
}

test.each(Object.keys(schemas))('%s', async (name) => {
  await withDatabase(desk.server, async (source) => {
    expect(await judged(schemas[name] as string, source)).toEqual({ 'out of sync': [] });
  });
});
