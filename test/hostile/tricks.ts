// What the owner of a database without any privilege can define there so that it runs in others' sessions:
// everything that a name, an operator, a type, a cast, a value or a row can stand for. Each tells the
// server's log as whom it ran.
import { sources } from '../house/sources.ts';

/** The role that owns the database, and the word that its marks begin with. */
export interface Owner {
  readonly role: string;
  readonly mark: string;
}

/**
 * SQL of functions that tell the server's log as whom they run. They also try to become the superuser: what
 * can, runs with more rights than the owner, whatever role is set.
 */
export const marking = ({ mark }: Owner) => `
create function hh.marked(trick text) returns boolean language plpgsql immutable set search_path = pg_catalog as $body$
declare was text := pg_catalog.current_setting('role');
begin
  begin perform pg_catalog.set_config('role', 'postgres', true); exception when others then null; end;
  raise log '${mark} % as %', trick, current_user;
  begin perform pg_catalog.set_config('role', was, true); exception when others then null; end;
  return true;
end $body$;
-- Not even where the planner would run what never changes.
create function hh.marked_late(text) returns boolean language plpgsql as 'begin return hh.marked($1); end';
-- Tries every way out of the role that it runs as, and leaves something for the commit. Not while the tricks are made.
create function hh.escaped(trick text) returns boolean language plpgsql set search_path = pg_catalog as $body$
declare way text;
begin
  if current_setting('hostile.names', true) <> '' then return true; end if;
  perform hh.marked(trick);
  foreach way in array array['reset role', 'set role postgres', 'set session authorization postgres',
      'reset session authorization', $way$select set_config('role', 'none', false)$way$,
      format('declare %I cursor with hold for select hh.marked_late(%L)', 'c' || random(), trick || ', by a cursor'),
      'insert into hh.queue values (1); delete from hh.queue', 'set search_path = hh, pg_catalog'] loop
    begin
      execute way;
      if way not like 'declare%' then raise log '${mark} %, by % as %', trick, way, current_user; end if;
    exception when others then null;
    end;
  end loop;
  return true;
end $body$;
create function hh.never_changing(anyelement, text) returns boolean language plpgsql immutable as 'begin return hh.escaped($2); end';
create table hh.queue (id int);
create function hh.late() returns trigger language plpgsql as $body$begin perform hh.marked('deferred trigger'); return null; end$body$;
create constraint trigger late after insert on hh.queue deferrable initially deferred for each row execute function hh.late();`;

/** Names that the program's source calls like functions; which of them are the system's, the server knows. */
export function calledNames(): string[] {
  const found = sources('lib').flatMap(({ text }) =>
    [...text.matchAll(/\b([a-z][a-z0-9_]*)\s*\(/g)].map(([, name]) => name as string),
  );
  return [...new Set(found)].sort();
}

// Functions of the same names, with the same arguments, and with exact ones where the system takes any.
const functions = `
do $do$
declare f record; arguments text; called text; one text; list text[]; next text[]; body text;
begin
  for f in select p.oid, p.proname, p.proretset, p.provariadic, p.prorettype,
      pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments
    from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'a')
      and p.proname = any (string_to_array(current_setting('hostile.names'), ','))
      and p.proargtypes::oid[] <@ ('{text,name,oid,int2,int4,int8,bool,"char",json,jsonb,regclass,_text,_name,_oid,oidvector,
        int2vector,timestamptz,"interval",pg_node_tree,aclitem,_aclitem,anyelement,anyarray,bytea,_bool}'::regtype[]::oid[] || '"any"'::regtype::oid)
    order by p.oid
  loop
    body := format($b$begin perform hh.marked(%L); return%s; end$b$, 'function ' || f.proname,
      case when f.proretset or f.prorettype = 'void'::regtype then '' else ' null' end);
    list := array[(select coalesce(string_agg(format_type(t, null), ', ' order by n), '')
      from unnest((select proargtypes::oid[] from pg_proc where oid = f.oid)) with ordinality a(t, n))];
    if list[1] like '%"any"%' then
      called := list[1]; list := '{}'; next := '{""}';
      for length in 1..2 loop
        next := array(select concat_ws(', ', nullif(n, ''), t) from unnest(next) n, unnest('{text,name,integer}'::text[]) t);
        list := list || next;
      end loop;
      list := list || concat('text, text, text, integer', repeat(', text', 8));
      list := list || concat('text, text', repeat(', text', 8));
    end if;
    foreach arguments in array list loop
      begin
        execute format('create function hh.%I(%s) returns %s%s language plpgsql as %L', f.proname, arguments,
          case when f.proretset then 'setof ' else '' end,
          case when f.prorettype = 'internal'::regtype then 'text' else format_type(f.prorettype, null) end, body);
      exception when others then null;
      end;
    end loop;
  end loop;
end $do$;`;

// Operators of the same names on the same types.
const operators = `
do $do$
declare o record;
begin
  for o in select oprname as name, format_type(oprleft, null) as l, format_type(oprright, null) as r,
      format_type(oprresult, null) as result, row_number() over () as n
    from pg_operator where oprnamespace = 'pg_catalog'::regnamespace and oprkind = 'b' and oprname !~ '[@#?|]{2}|^@|^#|^\\?'
      and oprleft = any ('{text,name,oid,int2,int4,int8,"char",bool,json,jsonb,aclitem}'::regtype[])
      and oprright = any ('{text,name,oid,int2,int4,int8,"char",bool,json,jsonb,aclitem}'::regtype[])
  loop
    execute format('create function hh.operator_%s(%s, %s) returns %s language plpgsql as %L', o.n, o.l, o.r, o.result,
      format($b$begin perform hh.marked(%L); return null; end$b$, 'operator ' || o.name));
    execute format('create operator hh.%s (function = hh.operator_%s, leftarg = %s, rightarg = %s)', o.name, o.n, o.l, o.r);
  end loop;
end $do$;`;

// Types and relations of the same names.
const namesakes = `
do $do$
declare one text; c record;
begin
  foreach one in array '{text,name,oid,int4,int8,float8,regclass,regtype,regnamespace,regproc}'::text[] loop
    execute format('create domain hh.%I as pg_catalog.%I check (hh.marked_late(%L))', one, one, 'type ' || one);
  end loop;
  for c in select relname, (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
      where attrelid = r.oid and attnum > 0 and atttypid <> 'anyarray'::regtype
      -- Not in every version: the shadow is of the newest.
      and attname not in ('attcacheoff', 'daticulocale', 'colliculocale')) as columns
    from pg_class r where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v')
      and relname ~ '^pg_(class|namespace|attribute|attrdef|type|proc|database|roles|authid|depend|shdepend|extension|inherits|index|constraint|trigger|settings|stat_activity|locks|available_extensions|available_extension_versions|largeobject_metadata|description|auth_members|default_acl|init_privs|policy|rewrite|sequence|enum|range|cast|language|opclass|collation|publication|statistic_ext|event_trigger)$'
  loop
    execute format('create view hh.%I as select %s from pg_catalog.%I where hh.marked(%L)', c.relname, c.columns, c.relname, 'view ' || c.relname);
  end loop;
end $do$;`;

// Values whose texts their owner decides, rows whose readers and writers call something, and what is built of
// them.
const rows = `
create schema shop;
create type shop.mood as enum ('a', 'b');
create type shop.pair as (l shop.mood, r int);
create domain shop.feeling as shop.mood;
create function shop.same(shop.mood) returns text language plpgsql immutable as $$begin perform hh.marked('cast of an enum'); return 'same'; end$$;
create function shop.same(shop.pair) returns text language plpgsql immutable as $$begin perform hh.marked('cast of a row'); return 'same'; end$$;
create function shop.same(shop.mood[]) returns text language plpgsql immutable as $$begin perform hh.marked('cast of an array'); return 'same'; end$$;
create function shop.json(shop.mood) returns json language plpgsql immutable as $$begin perform hh.marked('cast to json'); return '1'; end$$;
create function shop.json(shop.pair) returns json language plpgsql immutable as $$begin perform hh.marked('cast to json'); return '1'; end$$;
create function shop.of(text) returns shop.mood language plpgsql immutable as $$begin perform hh.marked('cast of a text'); return 'a'; end$$;
create cast (shop.mood as text) with function shop.same(shop.mood) as implicit;
create cast (shop.pair as text) with function shop.same(shop.pair) as implicit;
create cast (shop.mood[] as text) with function shop.same(shop.mood[]) as implicit;
create cast (shop.mood as json) with function shop.json(shop.mood) as implicit;
create cast (shop.pair as json) with function shop.json(shop.pair) as implicit;
create cast (text as shop.mood) with function shop.of(text) as assignment;
create function shop.touched() returns trigger language plpgsql as $$begin perform hh.marked('trigger'); return null; end$$;
create function shop.found() returns text language plpgsql as $$begin perform hh.marked('default'); return 'x'; end$$;
create function shop.valued(int) returns int language plpgsql immutable as $$begin perform hh.marked('statistics'); return $1; end$$;
create table shop.goods (id int primary key, mood shop.mood, pair shop.pair, feeling shop.feeling,
  moods shop.mood[], word text default shop.found(), number numeric default hh.marked('default')::int, note text);
create table shop.items (id int generated always as identity primary key, good int references shop.goods);
insert into shop.goods values (1, 'a', '(a,1)', 'a', '{a}', 'w', 1, 'n'), (2, 'b', '(b,2)', 'b', '{b}', 'v', 2, 'm');
insert into shop.items (good) values (1), (2);
select pg_catalog.lo_from_bytea(4711, 'x');
create statistics shop.of_values on shop.valued(id), id from shop.goods;
create view shop.shown as select id, hh.marked('view') as seen from shop.goods;
create rule also as on insert to shop.goods do also select hh.marked('rule');
create rule gone as on delete to shop.items do also select hh.marked('rule');
create trigger touched after insert or update or delete or truncate on shop.goods for each statement execute function shop.touched();
create trigger touched after insert or update or delete or truncate on shop.items for each statement execute function shop.touched();
alter table shop.goods enable row level security, force row level security;
create policy seen on shop.goods using (hh.marked('policy')) with check (hh.marked('policy'));`;

// What is built from rows, and runs as the owner of the table.
const built = `
create function shop.indexed(int) returns int language plpgsql immutable as $$begin perform hh.marked('index'); return $1; end$$;
create index on shop.goods (shop.indexed(id));
create materialized view shop.kept as select id, hh.marked('materialized view') as seen from shop.items;`;

// What is called for each row that is written, whether by an expression, an operator, a domain in a value, or
// a partition's key.
const guarded = ({ role }: Owner) => `
create function hh.fits(int, int) returns boolean language plpgsql as $$begin return hh.escaped('operator of a check'); end$$;
create operator hh.<~> (function = hh.fits, leftarg = int, rightarg = int);
alter table shop.goods add check (id operator(hh.<~>) 1);
create domain shop.mark as int check (hh.escaped('domain'));
create domain shop.document as jsonb check (hh.escaped('domain of json'));
create type shop.marked as (mark shop.mark, word text);
create type shop.marks as range (subtype = shop.mark);
-- What a superuser made belongs to two roles until PostgreSQL 16.
reset session authorization;
create type shop.spans as range (subtype = int4);
alter type shop.spans owner to ${role};
set session authorization ${role};
create function shop.made(text) returns shop.marked language plpgsql as $$begin perform hh.escaped('cast of a text'); return null; end$$;
create cast (text as shop.marked) with function shop.made(text) as assignment;
create function hh.key(int) returns int language plpgsql immutable as $$begin perform hh.escaped('key of a partition'); return $1; end$$;
create table shop.parts (id int) partition by range ((hh.key(id)));
create table shop.part partition of shop.parts for values from (0) to (10);
create table shop.checked ("Id" int generated always as identity, mark shop.mark, pair shop.marked, list shop.mark[], range shop.marks,
  document shop.document, word varchar(5), escaped boolean generated always as (hh.never_changing(word, 'generated column')) stored,
  check (hh.escaped('check')));
create rule also as on insert to shop.checked do also select hh.escaped('rule');
alter table shop.checked enable row level security, force row level security;
create policy seen on shop.checked using (hh.escaped('policy')) with check (hh.escaped('policy'));
insert into shop.parts values (1), (2);
insert into shop.checked (mark, pair, list, range, document, word)
  values (1, '(1,"a ""b"" \\\\ c")', '{1,null}', '[1,3)', '{"a": "\\\\ b"}', 'w'), (null, null, null, null, null, null), (2, '(,)', '{}', 'empty', '"text"', '');
create schema shut;
create table shut.checked (id int check (hh.escaped('check where the owner may not look')));
insert into shut.checked values (1);
create function shop.number(shop.mood) returns int language plpgsql immutable as $$begin perform hh.escaped('cast of a key'); return 1; end$$;
create cast (shop.mood as int) with function shop.number(shop.mood) as implicit;
create table shop.moody (mood shop.mood references shop.items (id));
insert into shop.moody values ('a');
revoke usage on schema shut from ${role};`;

const settings = (database: string) =>
  [
    'search_path = hh, public, pg_catalog',
    'standard_conforming_strings = off',
    'transform_null_equals = on',
    'array_nulls = off',
    'quote_all_identifiers = on',
    `datestyle = 'SQL, DMY'`,
    `intervalstyle = 'sql_standard'`,
    `bytea_output = 'escape'`,
    'xmloption = document',
    `default_transaction_isolation = 'repeatable read'`,
  ]
    .map((one) => `alter database ${database} set ${one};`)
    .join('\n');

/** SQL, for a superuser, after which a database belongs to the owner and holds all tricks. */
export function hostile(owner: Owner, database: string): string {
  return `alter database ${database} owner to ${owner.role};
    set session authorization ${owner.role}; set search_path = pg_catalog; set check_function_bodies = off;
    select pg_catalog.set_config('hostile.names', '${calledNames().join()}', false);
    create schema hh; ${marking(owner)} ${rows} ${built} ${guarded(owner)} ${operators} ${functions} ${namesakes}
    ${settings(database)}`;
}

/** The same settings for a database that holds none of it yet. */
export const hostileSettings = (owner: Owner, database: string) =>
  `alter database ${database} owner to ${owner.role}; ${settings(database)}`;

const marks = (trick: string) => `hh.marked('ledger: ${trick}')`;

/** What an owner can do to the tables of the ledger, each by SQL that runs as the owner. */
export const ledgerTricks: Readonly<Record<string, string>> = {
  trigger: `create function hh.noticed() returns trigger language plpgsql as 'begin perform ${marks('trigger').replaceAll("'", "''")}; return new; end';
    create trigger noticed before insert or update or delete on pgmage.schema_migrations for each row execute function hh.noticed()`,
  'trigger of the audit': `create function hh.noticed() returns trigger language plpgsql as 'begin perform ${marks('trigger').replaceAll("'", "''")}; return new; end';
    create trigger noticed before insert on pgmage.audit for each row execute function hh.noticed()`,
  rule: `create rule noticed as on insert to pgmage.audit do also select ${marks('rule')}`,
  default: `alter table pgmage.audit add noticed bool default ${marks('default')}`,
  'default of the system': `alter table pgmage.audit alter detail set default query_to_xml('select ${marks('xml').replaceAll("'", "''")}', true, true, '')::text`,
  check: `alter table pgmage.audit add check (${marks('check')}) not valid`,
  generated: `alter table pgmage.audit add noticed bool generated always as (${marks('generated')}) stored`,
  index: `create index on pgmage.schema_migrations ((${marks('index')}))`,
  policy: `create policy noticed on pgmage.schema_migrations using (${marks('policy')}); alter table pgmage.schema_migrations enable row level security`,
  domain: `create domain hh.noted as text check (${marks('domain')}); alter table pgmage.audit alter detail type hh.noted`,
  child: `create table hh.child () inherits (pgmage.audit)`,
  view: `alter table pgmage.schema_migrations rename to moved;
    create view pgmage.schema_migrations as select *, ${marks('view')} as noticed from pgmage.moved`,
};
