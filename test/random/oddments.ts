// Kinds that need nobody else: each line lists the forms that one object can have.

const fallback = 'create foreign data wrapper wrap; create server far foreign data wrapper wrap';

/** For each object the scripts that make one form of it. */
export const oddments: readonly (readonly string[])[] = [
  ['create type pair as (x integer, y text)', 'create type pair as (x bigint, y text, z date)'],
  [
    'create type span as range (subtype = float8)',
    'create type span as range (subtype = float8, subtype_diff = float8mi)',
  ],
  [
    'create sequence counter',
    'create sequence counter as integer increment 5 minvalue 100 start 100 cycle',
    'create sequence counter cache 7',
  ],
  [
    'create function twice(n integer) returns integer language sql as $$ select n * 2 $$',
    'create function twice(n integer) returns bigint language sql immutable strict as $$ select n * 2::bigint $$',
    'create function twice(m integer, f integer default 2) returns integer language sql as $$ select m * f $$',
    'create procedure twice(n integer) language plpgsql as $$ begin null; end $$',
  ],
  [
    "create aggregate total(integer) (sfunc = int4pl, stype = integer, initcond = '0')",
    "create aggregate total(integer) (sfunc = int4pl, stype = integer, initcond = '5', parallel = safe)",
  ],
  [
    "create collation backwards (provider = icu, locale = 'und')",
    "create collation backwards (provider = icu, locale = 'und', deterministic = false)",
  ],
  [
    'create text search configuration words (copy = simple)',
    'create text search configuration words (copy = simple); alter text search configuration words alter mapping for word with english_stem',
  ],
  [
    'create text search dictionary stems (template = snowball, language = english)',
    'create text search dictionary stems (template = snowball, language = english, stopwords = english)',
  ],
  [
    'create function watch() returns event_trigger language plpgsql as $$ begin end $$',
    "create function watch() returns event_trigger language plpgsql as $$ begin end $$; create event trigger watching on ddl_command_end when tag in ('CREATE VIEW') execute function watch(); alter event trigger watching disable",
  ],
  ['alter default privileges in schema public grant select on tables to reader'],
  [
    'create domain code as text constraint short check (length(value) < 9)',
    'create domain code as text collate "C" default \'x\' not null',
  ],
  [
    'create cast (mood as integer) with function mood_number(mood)',
    'create cast (mood as integer) with function mood_number(mood) as assignment',
  ],
];

/** The same, drawn less often, several at once: after them the server forgets all that it has planned. */
export const rarities: readonly (readonly string[])[] = [
  [
    'create operator public.=== (function = int4eq, leftarg = integer, rightarg = integer)',
    'create operator public.=== (function = int4eq, leftarg = integer, rightarg = integer, commutator = operator(public.===))',
  ],
  [
    fallback,
    `${fallback} options (host 'x')`,
    `${fallback}; create user mapping for public server far options (a 'b'); create foreign table elsewhere (id integer options (k 'v')) server far options (t 'u')`,
  ],
  [
    'create publication news',
    'create publication news for all tables',
    "create publication news for tables in schema public with (publish = 'insert')",
  ],
  // Members of an extension have the default privileges of the moment at which it came, so that never both are there.
  [
    'alter default privileges grant execute on functions to reader',
    'alter default privileges revoke execute on functions from public',
    'create extension hstore',
    'create extension citext schema app',
  ],
  [
    "comment on schema app is 'the app'",
    'grant usage on schema app to reader',
    'revoke create on schema public from public',
  ],
];
