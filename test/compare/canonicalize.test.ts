// What servers of different versions tell in different words is the same: nothing is planned for it.
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { compare } from '../../lib/compare/compare.ts';
import { computeLanguageTag } from '../../lib/kinds/types/icu-locales.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query, type Server } from '../servers/server.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

// What differs between a database and the embedded shadow's reading of a schema, either way round; null: of
// what was pulled.
async function differences(server: Server, made: string, wanted: string | null): Promise<string[]> {
  return withDatabase(server, async ({ url }) => {
    const own = project(url, cache);
    const { context } = own;
    try {
      const target = await context.world.environment();
      await query(url, made);
      if (wanted === null) await pull(context, { out: context.project.schema }, undefined);
      else await writeFile(context.project.schema, wanted);
      const there = await compare(context, target.name, context.project.schema);
      const back = await compare(context, context.project.schema, target.name);
      return [...there.up, ...back.up].map(({ sql }) => sql);
    } finally {
      own.drop();
    }
  });
}

const views = readFileSync(join(import.meta.dirname, 'views.sql'), 'utf8');

// What only newer servers have, by the version that brought it.
const newer: readonly (readonly [since: number, sql: string])[] = [
  [
    16,
    `create view json_new as select json_object('a': x, 'b': null null on null with unique keys returning
      jsonb) as o,
       json_array(x, y, null absent on null) as l, json_array(select q.x from (select x from b union
       select null) q) as s from a;
     create view json_grouped as select json_objectagg(y: x absent on null returning text) as o,
     json_arrayagg(x order by y) filter (where x > 1) as l
       from a group by z;
     create view json_asked as select x, y is json object with unique keys as o, y is not json scalar as s,
     system_user as u from a;`,
  ],
  [
    17,
    `create view json_table_new as select k.* from a, json_table(a.doc, '$.l[*]' passing 1 as one columns (
       i for ordinality, n int path '$.n' default -1 on empty error on error, e boolean exists path '$.e',
       t text format json path '$',
       nested path '$.m[*]' as m columns (deep varchar(9) path '$'))) k;
     create view json_functions as select json_value(doc, '$.a' returning int default 1 on error) as v,
     json_exists(doc, '$.b' false on error) as e,
       json_query(doc, '$.c' with conditional wrapper empty array on empty) as q, json_scalar(x) as s,
       json_serialize(doc returning text) as t,
       json(y with unique keys) as j, at at local as l from a;`,
  ],
];

// Old spellings; the standard ones are what a server from 16 on makes of them.
const locales = `
  @colCaseFirst=lower;colNumeric=yes|und-u-kf-lower-kn-true
  @COLNUMERIC=YES|und-u-kn-true
  de@collation=phonebook|de-u-co-phonebk
  de_AT@collation=phonebook;colStrength=secondary|de-AT-u-co-phonebk-ks-level2
  de_DE|de-DE
  EN-us-U-KN-TRUE-KF-upper|en-US-u-kf-upper-kn-true
  en_US_POSIX|en-US-u-va-posix
  C|en-US-u-va-posix
  en-u-kn|en-u-kn-true
  und-u-kn-kf-lower|und-u-kf-lower-kn-true
  @colStrength=identical;colAlternate=non-ignorable|und-u-ka-noignore-ks-identic
  @colCaseFirst=no;colNormalization=no|und-u-kf-false-kk-false
  @colReorder=latn-digit|und-u-kr-latn-digit
  zh_Hant_TW@collation=stroke|zh-Hant-TW-u-co-stroke
  zh@collation=gb2312han|zh-u-co-gb2312
  es@collation=traditional|es-u-co-trad
  sr_Latn_RS@currency=EUR;collation=search|sr-Latn-RS-u-co-search-cu-eur
  th_TH@calendar=gregorian;numbers=thai|th-TH-u-ca-gregory-nu-thai
  iw_IL|he-IL
  ca_ES_VALENCIA|ca-ES-valencia
  fr_CA.UTF-8|fr-CA
  root|und
  english|english
  @colVariableTop=0020|@colVariableTop=0020`
  .trim()
  .split('\n')
  .map((line) => line.trim().split('|') as [string, string]);

// One of each standard spelling, as servers that store what was said have it.
const collations = (said: (pair: [string, string]) => string) =>
  locales
    .map(
      (pair, at) =>
        `create collation c${at} (provider = icu, locale = '${said(pair)}'); create table t${at} (a text
          collate c${at});`,
    )
    .join('\n');

for (const server of servers()) {
  const own = [views, ...newer.flatMap(([since, sql]) => (since > server.major ? [] : [sql]))].join('\n');

  test(`PostgreSQL ${server.version}: views read as the embedded shadow reads them`, async () => {
    expect(await differences(server, own, own)).toEqual([]);
  }, 120_000);

  test(`PostgreSQL ${server.version}: views read as their own pulled text`, async () => {
    expect(await differences(server, own, null)).toEqual([]);
  }, 120_000);

  test(`PostgreSQL ${server.version}: an ICU locale is the same in its old and its standard` +
    ' spelling', async () => {
    const [old, standard] = [collations(([said]) => said), collations(([, tag]) => tag)];
    expect(await differences(server, old, old)).toEqual([]);
    expect(await differences(server, old, standard)).toEqual([]);
    expect(await differences(server, standard, old)).toEqual([]);
    const other = standard.replace('und-u-kf-lower-kn-true', 'und-u-kf-lower');
    expect(await differences(server, old, other)).not.toEqual([]);
  }, 120_000);

  test(`PostgreSQL ${server.version}: the server spells ICU locales as pgmage does`, async () => {
    expect(locales.map(([said]) => computeLanguageTag(said))).toEqual(locales.map(([, tag]) => tag));
    if (server.major < 16) return;
    await withDatabase(server, async ({ url }) => {
      await query(
        url,
        collations(([said]) => said),
      );
      const stored = server.major < 17 ? 'colliculocale' : 'colllocale';
      const rows = await rowsOf<{ tag: string }>(
        url,
        `select ${stored} as tag from pg_collation
        where collnamespace = 'public'::regnamespace order by oid`,
      );
      // `root` is stored as it is.
      expect(rows.map(({ tag }) => computeLanguageTag(tag))).toEqual(locales.map(([, tag]) => tag));
    });
  });
}

test.each(servers())('views that call casts of their own: $major', async (server) => {
  const casts = `
    create type celsius as (degrees int);
    create type kelvin as (degrees int);
    create type label as enum ('hot', 'cold');
    create function heat(celsius) returns kelvin language sql immutable as 'select row($1.degrees)::public.kelvin';
    create cast (celsius as kelvin) with function heat;
    create cast (label as celsius) with inout;
    create table readings (id int, value celsius, label label);
    create view warm as select id, value::kelvin as value, label::celsius as label from readings where id > 1;`;
  expect(await differences(server, casts, casts)).toEqual([]);
});
