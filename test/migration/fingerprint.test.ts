// Migrations in projects hold fingerprints: a release that computes others would find all of them changed.
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { computeFingerprint } from '../../lib/migration/fingerprint.ts';
import { readState } from '../../lib/project/shadow-catalog.ts';
import { loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { freshCache } from '../project/cache.ts';

const text = `create type mood as enum ('sad', 'ok');
create domain positive as int check (value > 0);
create sequence s;
create table t (a int primary key, b text, m mood, p positive default nextval('s'), check (a > 0));
create table u (id bigint generated always as identity primary key, t int references t);
create index on t (b);
create function f(x int) returns int language sql as 'select x';
create function touch() returns trigger language plpgsql as $$begin return new; end$$;
create trigger touched before update on t for each row execute function touch();
create policy own on t using (true);
comment on table t is 'rows';
grant select on t to public;
create view v as select a from t;
create materialized view m as select 1 x;`;

test('objects of many kinds have the fingerprint that migrations hold', async () => {
  const cacheDir = await freshCache();
  const shadow = await openShadow({ cacheDir, url: null, extensions: [] });
  try {
    const fingerprint = await shadow.state(async (connection) => {
      await loadFiles(connection, [await parseSql('schema.sql', text)]);
      return computeFingerprint(await readState(connection), kinds);
    });
    expect(fingerprint).toBe('cc09cc21058562f7cfe618dd76b930b6');
  } finally {
    await shadow.close();
    await rm(cacheDir, { recursive: true });
  }
});
