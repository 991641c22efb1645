// Scripts that are written in odd ways load as psql loads them, and none ends the transaction of its load.
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { digest } from './scene.ts';
import { withTarget } from './script-scene.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

test('scripts that try to hide a transaction command from pgmage end nothing', async () => {
  const end = `select '\\''; commit and chain; select '' /* ' */;`;
  const scripts = [
    `set standard_conforming_strings = off; ${end}`,
    `select set_config('standard_conforming_strings', 'off', false); ${end}`,
    `do $$ begin perform set_config('standard_conforming_strings', 'off', false); end $$; ${end}`,
    `create function s() returns trigger language plpgsql as $$ begin
       perform set_config('standard_conforming_strings', 'off', false); return new; end $$;
     create table a (id int); create trigger s before insert on a for each row execute function s();
     insert into a values (1); ${end}`,
    `select e'a'\n'\\''; commit and chain; select ' ';`,
    `select 1 -- \rcommit and chain;`,
    `create type pair as ("case" int); create function f(p pair) returns int begin atomic
       select p.case; end; commit and chain; select 1 end;`,
    `create function f() returns int begin atomic select 1 as "a", case 1 when 1 then 1 end; end; commit and chain;`,
    `copy every from stdin; commit and chain;\n\\.\n`,
    `set client_encoding = 'SJIS'; select '\u0083\\'; commit and chain; select ' ';`,
  ];
  await withTarget(undefined, async (_own, url, load) => {
    const was = await digest(url);
    for (const text of scripts) {
      const { code } = await failure(load(`create table made (id int); ${text}`, { backupFirst: false }));
      expect([text, code]).toEqual([
        text,
        expect.stringMatching(/^(script_refused|invalid_sql|statement_failed)$/),
      ]);
      expect([text, await digest(url)]).toEqual([text, was]);
    }
  });
});

test('a script in another encoding, with every form of text, loads as psql loads it', async () => {
  const text = Buffer.from(
    [
      `set client_encoding = 'LATIN1';`,
      `create table "caf\u00e9" (a text, b text default 'd\u00e9j\u00e0');`,
      `set standard_conforming_strings = off;`,
      `insert into "caf\u00e9" (a) values ('a\\'b;\\\\'), ('\u00fc');`,
      `set standard_conforming_strings to on;`,
      `insert into "caf\u00e9" (a) values ('a\\'), (e'\\'c'), (U&'\\00e9'), ($x$'; -- $x$) /* ; /* ' */ ; */;`,
      `copy "caf\u00e9" (a, b) from stdin with (format csv, delimiter ';', null 'nil');\r`,
      `"x;\u00e4";nil\r`,
      `\\.\r`,
      `copy "caf\u00e9" (a) from stdin with delimiter '|' null as 'none';`,
      `none`,
      `\u00f6`,
      `\\.`,
      `create function "f\u00e9"() returns text language plpgsql as $$ begin return 'commit;'; end $$;`,
      `set search_path = public; select set_config('datestyle', 'SQL, DMY', false);`,
      `create table days as select '03/04/2026'::date as day, current_setting('search_path') as path`,
    ].join('\n'),
    'latin1',
  );
  await withTarget(undefined, async (_own, url, load) => {
    expect((await load(text)).loaded).toMatchObject({ copies: 2, rows: 3 });
    const rows = await rowsOf<{ a: string | null; b: string | null }>(url, 'select a, b from "café"');
    expect(rows.map(({ a }) => a)).toEqual(["a'b;\\", 'ü', 'a\\', "'c", 'é', "'; -- ", 'x;ä', null, 'ö']);
    expect(rows.map(({ b }) => b).filter((b) => b !== 'déjà')).toEqual([null]);
    expect(await rowsOf(url, `select day::text, path from days`)).toEqual([
      { day: '2026-04-03', path: 'public' },
    ]);
    expect(await rowsOf(url, 'select "fé"() as f')).toEqual([{ f: 'commit;' }]);
    // The mark that some editors put before UTF-8.
    expect((await load(`\ufeffcreate table "ü" ()`)).loaded?.statements).toBe(1);
    expect(await rowsOf(url, `select to_regclass('"ü"') is not null as made`)).toEqual([{ made: true }]);
    for (const bad of [Buffer.from('\ufeffselect 1;', 'utf16le'), Buffer.from(`select '\xe9';`, 'latin1')])
      expect((await failure(load(bad))).code).toMatch(/^(script_refused|invalid_sql)$/);
  });
});

test('what pg_dump of 17 and 18 writes for psql alone loads on every server', async () => {
  const text = `--
-- PostgreSQL database dump
--

\\restrict hJ0d

SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (id integer);
COPY public.t (id) FROM stdin;
1
\\.
SELECT pg_catalog.lo_create('99');
BEGIN;

SELECT pg_catalog.lo_open('99', 131072);
SELECT pg_catalog.lowrite(0, '\\x6869');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- PostgreSQL database dump complete
--

\\unrestrict hJ0d
`;
  for (const server of servers())
    await withTarget(server, async (_own, url, load) => {
      expect((await load(text)).loaded?.rows).toBe(1);
      expect(await rowsOf(url, `select convert_from(lo_get(99), 'UTF8') as text`)).toEqual([{ text: 'hi' }]);
      const cut = text.slice(0, text.indexOf('SELECT pg_catalog.lo_create'));
      expect((await failure(load(cut))).message).toContain('its script is truncated');
      expect((await failure(load(gzipSync(text).subarray(0, -20)))).code).toBe('backup_damaged');
    });
});
