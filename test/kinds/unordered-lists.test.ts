// Lists whose order means nothing: given in another order, they are no difference.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { computeFingerprint } from '../../lib/migration/fingerprint.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { makeDifference } from '../../lib/model/diff.ts';
import { plan } from '../../lib/plan/plan.ts';
import { readState } from '../../lib/project/shadow-catalog.ts';
import { loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { parseSql } from '../../lib/sql/parse.ts';

let folder: string;
let shadow: Shadow;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgmage-unordered-'));
  shadow = await openShadow({ cacheDir: folder, url: null });
});
afterAll(async () => {
  await shadow.close();
  await rm(folder, { recursive: true });
});

const schema = (storage: string, view: string, column: string, roles: string, words: string) => `
  create table t (a int, b int, primary key (a) with (${storage.split(',')[0]})) with (${storage}, ${storage
    .split(',')
    .map((option) => `toast.${option.trim().replace('fillfactor=70', 'autovacuum_vacuum_threshold=9')}`)
    .join()});
  alter table t alter b set (${column});
  create index i on t using gist (int4range(a, b)) with (fillfactor=70, buffering=off);
  create view v with (${view}) as select a from t;
  create materialized view m with (${storage}) as select a from t;
  alter materialized view m alter a set (${column});
  create policy p on t to ${roles} using (true);
  create foreign data wrapper w options (${words});
  create text search dictionary d (template = simple, ${words.replaceAll(" '", " = '")})`;

function read(text: string): Promise<Catalog> {
  return shadow.state(async (connection) => {
    await loadFiles(connection, [await parseSql('schema.sql', text)]);
    return readState(connection);
  });
}

test('options and roles in another order are no difference', async () => {
  const one = await read(
    schema(
      'fillfactor=70, autovacuum_enabled=false',
      'security_barrier=true, security_invoker=true',
      'n_distinct=5, n_distinct_inherited=6',
      'anna, bert',
      `accept 'false', stopwords 'english'`,
    ).replace('fillfactor=70, buffering=off', 'buffering=off, fillfactor=70'),
  );
  const other = await read(
    schema(
      'autovacuum_enabled=false, fillfactor=70',
      'security_invoker=true, security_barrier=true',
      'n_distinct_inherited=6, n_distinct=5',
      'bert, anna',
      `stopwords 'english', accept 'false'`,
    ).replace('with (autovacuum_enabled=false))', 'with (fillfactor=70))'),
  );
  expect(plan({ difference: makeDifference(one, other, kinds), kinds }).map(({ sql }) => sql)).toEqual([]);
  expect(computeFingerprint(one, kinds)).toBe(computeFingerprint(other, kinds));
});

test('one option that differs is set alone, whatever their order', async () => {
  const one = await read('create table t (a int) with (fillfactor=70, autovacuum_enabled=false)');
  const other = await read('create table t (a int) with (autovacuum_enabled=false, fillfactor=80)');
  expect(plan({ difference: makeDifference(one, other, kinds), kinds }).map(({ sql }) => sql)).toEqual([
    `ALTER TABLE public.t SET (fillfactor = '80')`,
  ]);
});
