// Kinds that need nobody else: each line lists the forms that one object can have.

const word =
  'create type word; create function word_in(cstring) returns word language internal' +
  ` immutable strict as 'textin'; create function word_out(word) returns cstring language internal` +
  ` immutable strict as 'textout'; create type word (input = word_in, output = word_out, like = text`;
const handlers =
  'create function handler() returns language_handler language c as' +
  ` '$libdir/plpgsql', 'plpgsql_call_handler'; create function inline(internal) returns void` +
  ` language c as '$libdir/plpgsql', 'plpgsql_inline_handler'`;
const back = `create function back(integer, integer) returns integer language sql immutable as $$
  select btint4cmp($2, $1) $$; create operator class backward for type integer using btree as operator 1 >,
  operator 2 >=, operator 3 =, operator 4 <=, operator 5 <, function 1 back(integer, integer)`;
const members =
  'operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1' +
  ' btint4cmp(integer, integer)';
const family =
  'create operator family numbers using btree; create operator class four for type' +
  ` integer using btree family numbers as ${members}`;
const told = 'create table told (id integer primary key, sort integer, note text)';
const held = 'create table held (id integer, span int4range';
const feed = "create subscription feed connection 'host=localhost dbname=a' publication p";
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
    'create function twice(n integer) returns bigint language sql immutable strict as $$ select n *' +
      ' 2::bigint $$',
    'create function twice(m integer, f integer default 2) returns integer language sql as $$' +
      ' select m * f $$',
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
    'create text search configuration words (copy = simple); alter text search configuration words' +
      ' alter mapping for word with english_stem',
  ],
  [
    'create text search dictionary stems (template = snowball, language = english)',
    'create text search dictionary stems (template = snowball, language = english, stopwords = english)',
  ],
  [
    'create function watch() returns event_trigger language plpgsql as $$ begin end $$',
    'create function watch() returns event_trigger language plpgsql as $$ begin end $$; create' +
      " event trigger watching on ddl_command_end when tag in ('CREATE VIEW') execute function" +
      ' watch(); alter event trigger watching disable',
  ],
  ['create type unfinished', `${word})`, `${word}); create table words (word word)`],
  [
    `${word.replaceAll('word', 'term')}); create table terms (term term default 'x')`,
    `${word.replaceAll('word', 'term')}, storage = external); create table terms (term term)`,
  ],
  [
    `${handlers}; create language ours handler handler`,
    `${handlers}; create trusted language ours handler handler inline inline`,
    `${handlers}; create language ours handler handler; create transform for integer language ours` +
      ' (from sql with function prsd_lextype(internal))',
  ],
  [
    'create access method stack type table handler heap_tableam_handler',
    'create access method stack type table handler heap_tableam_handler; create table stacked (id integer) using stack',
    'create table stacked (id integer)',
  ],
  [
    "create conversion one_way for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    "create default conversion one_way for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
  ],
  [
    'create text search parser cut (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)',
    'create text search parser cut (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline); create text search configuration cuts (parser = cut)',
  ],
  [
    'create text search template plain (lexize = dsimple_lexize)',
    'create text search template plain (init = dsimple_init, lexize = dsimple_lexize); create text search dictionary plainly (template = plain)',
  ],
  [
    'create type shape as (x integer, y text); create table shaped of shape',
    'create type shape as (x integer, y text); create table shaped of shape (x with options default 3 not null)',
    'create type shape as (x bigint, y text, z date); create table shaped of shape',
    'create type shape as (x integer, y text); create table shaped (x integer, y text)',
  ],
  [
    `${held})`,
    `${held}, constraint apart exclude using gist (span with &&))`,
    `${held}, constraint apart exclude using gist (span with &&) where (id > 0) deferrable)`,
    `${held}, constraint apart exclude using btree (id with =))`,
  ],
  [
    'create table elder (id integer not null, note text); create table younger (extra date) inherits (elder)',
    'create table elder (id bigint not null, note text default current_user, check (id > 0)); create table younger (extra date) inherits (elder)',
    'create table elder (id integer, note text, more integer); create table younger () inherits (elder); create table youngest () inherits (younger)',
    'create table elder (id integer, note text)',
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
    family,
    `${family}; alter operator family numbers using btree add function 1 (integer, bigint) btint48cmp(integer, bigint)`,
    back,
    `${back}; create table ordered (id integer); create index ordered_back on ordered (id backward)`,
  ],
  [
    `${told}; create publication tells for table told`,
    `${told}; create publication tells for table told (id, sort) where (id > 3)`,
    `${told}; create publication tells for table told where (id > 4), tables in schema app with (publish = 'insert')`,
    told,
  ],
  [
    `${feed} with (connect = false, enabled = false, slot_name = none)`,
    `${feed}, q with (connect = false, enabled = false, slot_name = none, binary = true)`,
  ],
  [
    'create publication news',
    'create publication news for all tables',
    "create publication news for tables in schema public with (publish = 'insert')",
  ],
  // Members of an extension have the default privileges of the moment at which it came, so that never both
  // are there.
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

/** A row for each of their tables. */
export const oddRows: Readonly<Record<string, string>> = {
  words: "'a'",
  terms: "'a'",
  stacked: '1',
  shaped: "1, 'x'",
  held: "1, '[1,2)'",
  elder: "1, 'x'",
  younger: "1, 'x'",
  told: "5, 1, 'x'",
  ordered: '1',
};
