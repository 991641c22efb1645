// Statements inside of blocks and of routines that the file calls are judged as those of the file.
import { expect, test } from 'vitest';
import { lintFiles } from '../../lib/lint/lint.ts';
import { weighFindings } from '../../lib/lint/verdict.ts';

async function find(text: string) {
  const files = [{ file: 'a.sql', text, is: 'migration', transactional: false }] as const;
  const policy = { rules: { schema_qualified: 'allow', identity_columns: 'allow' } } as const;
  const found = await lintFiles(files, policy);
  return weighFindings(found, { policy, files, sizes: new Map(), isWhole: true });
}

const flags = async (sql: string) => (await find(sql)).map(({ rule, object }) => `${rule} ${object}`);
const block = (body: string) => flags(`do $$ declare t text; r record; begin ${body} end $$;`);

test.each([
  ['truncate a, b;', ['truncate public.a', 'truncate public.b']],
  ['truncate only app."B c", b restart identity;', ['truncate app."B c"', 'truncate public.b']],
  ['drop table a;', ['drop_table public.a']],
  ['alter table a drop column b, alter c type text;', ['column_type public.a.c', 'drop_column public.a.b']],
  ['create index i on a (b);', ['concurrent_indexes public.a']],
  ['create index concurrently i on a (b);', ['concurrently_in_transaction null']],
  ['if true then alter table a rename to b; end if;', ['renames public.a']],
  [
    'case when true then drop table a; else drop table b; end case;',
    ['drop_table public.a', 'drop_table public.b'],
  ],
  ['for r in select 1 loop delete from a where id = r.id; end loop;', ['delete_rows public.a']],
  ['for r in delete from a returning * loop null; end loop;', ['delete_rows public.a']],
  [
    'begin drop table a; exception when others then delete from b; end;',
    ['drop_table public.a', 'delete_rows public.b'],
  ],
  ['delete /* all */ from -- rows\n "A";', ['delete_rows public."A"']],
  [`execute 'truncate a, b';`, ['truncate public.a', 'truncate public.b']],
  [`execute 'del' || 'ete from a';`, ['delete_rows public.a']],
  ['execute $q$truncate a$q$;', ['truncate public.a']],
  [`execute 'drop table ' || quote_ident(t);`, ['drop_table null']],
  [`execute format('drop table %I, part_%s', t, 1);`, ['drop_table null', 'drop_table null']],
  [`execute format('alter table %I.%I drop column b', 'app', t);`, ['drop_column null']],
  [`execute concat('truncate ', t);`, ['truncate null']],
  [`t := 'delete from a'; execute t;`, ['delete_rows public.a']],
  [`t := 'delete from '; execute t || 'a';`, ['delete_rows null']],
  [`select string_agg(format('drop table %I', x), ';') into t from b; execute t;`, ['drop_table null']],
  [`for r in select 'truncate ' || x as q from b loop execute r.q; end loop;`, ['truncate null']],
  [`for r in execute 'delete from a returning 1' loop null; end loop;`, ['delete_rows public.a']],
])('in a block: %s', async (body, found) => {
  expect((await block(body)).sort()).toEqual([...found].sort());
});

test.each([
  `raise notice 'delete from a'; execute 'analyze a';`,
  `insert into log values ('delete from a');`,
  'create table a (b bigint primary key); truncate a; create index i on a (b); drop table a;',
  `execute 'create table ' || t || ' (a bigint primary key)';`,
  `assert true, 'drop table a'; perform 1;`,
])('not in a block: %s', async (body) => {
  expect(await block(body)).toEqual([]);
});

test('what a branch makes is new in the branch alone', async () => {
  const made = 'create table a (b bigint primary key);';
  expect(await block(`if true then ${made} truncate a; end if;`)).toEqual([]);
  expect(await block(`if true then ${made} end if; truncate a;`)).toEqual(['truncate public.a']);
  expect(await flags(`do $$ begin ${made} end $$; truncate a;`)).toEqual([]);
  expect(await flags(`do $$ begin ${made} exception when others then null; end $$; truncate a;`)).toEqual([
    'truncate public.a',
  ]);
  const check = 'alter table a add constraint c check (b is not null) not valid;';
  const validated = `${check} do $$ begin if true then alter table a validate constraint c; end if; end $$;`;
  expect(await flags(`${validated} alter table a alter b set not null;`)).toEqual([
    'not_null_validated public.a.b',
  ]);
});

test('a check that only a branch adds does not stand for NOT NULL', async () => {
  const add = 'alter table a add constraint c check (b is not null);';
  const branch = `-- pgmage:allow constraint_not_valid\ndo $$ begin if true then ${add} end if; end $$;`;
  const set = 'alter table a alter b set not null;';
  expect(await flags(`${branch} ${set}`)).toEqual(['not_null_validated public.a.b']);
  expect(await flags(`-- pgmage:allow constraint_not_valid\n${add} ${set}`)).toEqual([]);
});

test('a name that a block gives to another table is not that of the new table', async () => {
  const rename = 'do $$ begin alter table a rename to x; alter table old rename to a; end $$;';
  const found = await flags(`create table a (b bigint primary key); ${rename} truncate a;`);
  expect(found).toEqual(['renames public.old', 'truncate public.a']);
  const computed = `do $$ begin execute format('alter table %I rename to a', 'old'); end $$;`;
  expect(await flags(`create table a (b bigint primary key); ${computed} truncate a;`)).toContain(
    'truncate public.a',
  );
  const one = `do $$ begin execute format('create table %I (b int)', 'x');`;
  expect(await flags(`${one} execute format('truncate %I', 'a'); end $$;`)).toContain('truncate null');
});

test('a routine of the file is judged where it is called', async () => {
  const sql = (body: string) => `create function wipe() returns void language sql as '${body}';`;
  const plpgsql = `create procedure app.wipe() language plpgsql as $$ begin delete from a; end $$;`;
  const atomic = 'create function wipe() returns void begin atomic delete from a; end;';
  for (const text of [sql('truncate a'), plpgsql, atomic]) expect(await flags(text)).toEqual([]);
  expect(await flags(`${sql('truncate a, b')} select wipe();`)).toEqual([
    'truncate public.a',
    'truncate public.b',
  ]);
  expect(await flags(`${plpgsql} call app.wipe();`)).toEqual(['delete_rows public.a']);
  expect(await flags(`${atomic} do $$ begin perform wipe(); end $$;`)).toEqual(['delete_rows public.a']);
  expect(await flags(`${atomic} insert into b select wipe();`)).toEqual(['delete_rows public.a']);
  const twice = 'create or replace function wipe() returns void language sql as $$ select wipe() $$;';
  expect(await flags(`${sql('truncate a')} ${twice} select wipe();`)).toContain('truncate public.a');
  expect(await flags(`${atomic} create view v as select wipe();`)).toEqual([]);
});

test('a search_path that a routine sets stays after its call', async () => {
  const go = 'create procedure go() language plpgsql as $$ begin set search_path = staging; end $$;';
  const made = 'create table a (b bigint primary key); truncate public.a;';
  expect(await flags(`${go} call go(); ${made}`)).toEqual(['truncate public.a']);
  expect(await flags(`${go} ${made}`)).toEqual([]);
});

test('a block of another language, or one that the grammar does not take, is judged by its words', async () => {
  expect(await flags(`do language plpython3u $$ plpy.execute("truncate only a, b") $$;`)).toEqual([
    'truncate public.a',
    'truncate public.b',
  ]);
  const words = `update "A" set b = ' || t || ', c = 1; delete from b; merge into c using d on true`;
  expect(await flags(`do language plperl $$ ${words} when matched then delete $$;`)).toEqual([
    'delete_rows public.b',
    'delete_rows public.c',
    'overwrite_values public."A"',
  ]);
});

test('the place is that of the statement in the block, and a comment above the block allows it', async () => {
  const text = 'do $$\nbegin\n  perform 1;\n  -- ä\n  alter table a add b json not null;\nend $$;';
  const places = (await find(text)).map(({ rule, where }) => [rule, where?.line, where?.column]);
  expect(places).toEqual(
    expect.arrayContaining([
      ['required_column', 5, 21],
      ['no_json', 5, 21],
    ]),
  );
  expect(await flags(`-- pgmage:allow required_column, no_json\n${text}`)).toEqual([]);
});
