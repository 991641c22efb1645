// What an owner can define so that the planner runs it when it plans a statement on a table: functions that
// never change, called with constants.
import { marking, type Owner } from './tricks.ts';

const base = (owner: Owner) => `
create schema hh; ${marking(owner)}
create function hh.evil(int) returns int language plpgsql immutable as $$begin perform hh.marked('planned');
return 0; end$$;
create table public.victim (id int primary key, name text);
insert into public.victim values (1, 'a'), (2, null);`;

const victim = (expression: string) => `create index on public.victim ((${expression}))`;

/** SQL of the owner, by what calls the function. */
export const plannedTricks: Readonly<Record<string, string>> = {
  index: victim('id + hh.evil(1)'),
  predicate: 'create index on public.victim (id) where id > hh.evil(1)',
  statistics: 'create statistics hh.counted on (id + hh.evil(1)), id from public.victim',
  'wrapper in SQL': `create function hh.wrapped(int) returns int language sql immutable
    as 'select $1 + hh.evil(1)';
    ${victim('hh.wrapped(id)')}`,
  'wrapper that is parsed': `create function hh.wrapped(int) returns int language sql immutable return $1 + hh.evil(1);
    ${victim('hh.wrapped(id)')}`,
  'wrapper of a wrapper': `create function hh.inner(a int, b int) returns int language sql immutable
    as 'select a + hh."evil"(b)';
    create function hh.wrapped(x int) returns int language sql immutable as 'select hh.inner(wrapped.x, 2)';
    ${victim('hh.wrapped(id)')}`,
  'wrapper with a cast': `create type hh.mood as enum ('a');
    create function hh.number(hh.mood) returns int language plpgsql immutable
    as 'begin return hh.evil(1); end';
    create cast (hh.mood as int) with function hh.number(hh.mood) as implicit;
    create function hh.wrapped(int) returns int language sql immutable as $$select $1 + 'a'::hh.mood$$;
    ${victim('hh.wrapped(id)')}`,
  'default of an argument': `create function hh.late(int, int default hh.evil(1)) returns int language plpgsql immutable as 'begin return $1; end';
    ${victim('hh.late(id)')}`,
  'constant out of a column': victim('hh.evil(case when true then 1 else id end)'),
  'constant out of a null': victim('hh.evil(id + null::int)'),
  'constant out of a wrapper': `create function hh.one(int) returns int language sql immutable as 'select 1';
    ${victim('hh.evil(hh.one(id))')}`,
  'function in SQL': `create function hh.called(int) returns int language sql immutable
    as 'select hh.evil(max($1))';
    ${victim('id + hh.called(1)')}`,
  cast: `create type hh.mood as enum ('a');
    create function hh.number(hh.mood) returns int language plpgsql immutable as 'begin return hh.evil(1); end';
    create cast (hh.mood as int) with function hh.number(hh.mood);
    ${victim(`id + 'a'::hh.mood::int`)}`,
  operator: `create function hh.both(int, int) returns int language plpgsql immutable as 'begin return hh.evil(1); end';
    create operator hh.<~> (function = hh.both, leftarg = int, rightarg = int);
    ${victim('id + (1 operator(hh.<~>) 1)')}`,
  domain: `create domain hh.big as int check (value > hh.evil(0));
    ${victim('id::hh.big')}`,
  'generated column':
    'alter table public.victim add column made int generated always as (id + hh.evil(1)) stored',
  'key of a partition': `create table public.parts (id int) partition by range ((id + hh.evil(1)));
    create table public.part partition of public.parts for values from (0) to (10); insert into public.parts
    values (1)`,
  'check of a partition': `create table public.parts (id int) partition by range (id);
    create table public.part partition of public.parts (check (id > hh.evil(0))) for values from (0) to (10)`,
  check: 'alter table public.victim add check (id > hh.evil(0))',
  'materialized view':
    'create materialized view public.kept as select 1 as id; create index on public.kept ((id + hh.evil(1)))',
};

/** What is read although it looks like one of these. */
export const harmless = `
create function hh.clean(text) returns text language sql immutable as $$select
pg_catalog.lower(pg_catalog.btrim($1, ' '))$$;
create function hh.slug(name text, length int default 5) returns text language plpgsql immutable
as 'begin return pg_catalog.left(name, length); end';
create function hh.all_of(a text, b text) returns text language sql immutable as $$select hh.clean(a) ||
hh.slug(hh.clean(b), 3)$$;
create function hh.parsed(a text) returns text language sql immutable return hh.slug(a) ||
pg_catalog.upper('x');
create domain hh.word as text check (value <> '' and hh.slug(value) <> '');
create table public.fine (id int primary key, name text not null, other hh.word,
made text generated always as (hh.clean(name)) stored);
create index on public.fine (hh.clean(name), hh.slug(hh.clean(name)), hh.slug(name, 3))
where hh.slug(name) <> 'x' and id > 0;
create index on public.fine (hh.all_of(name, name), hh.parsed(name), (coalesce(name, 'none') || name));
create statistics hh.fine on (hh.clean(name)), id from public.fine;
insert into public.fine values (1, 'a', 'b');`;

/** SQL, for a superuser, after which a database belongs to the owner and holds one trick. */
export const planned = (owner: Owner, database: string, trick: string) => `
  alter database ${database} owner to ${owner.role}; grant create on schema public to ${owner.role};
  set session authorization ${owner.role}; set search_path = pg_catalog;
  ${base(owner)} ${trick}; alter database ${database} set constraint_exclusion = on`;
