// What the server stores for itself beside options that people set: no schema (pg_attver of 15.20, which
// pg_dump leaves out).
import { expect, test } from 'vitest';
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { computeFingerprint } from '../../lib/migration/fingerprint.ts';

import { snapshot } from '../../lib/pg/snapshot.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

const schema = `
  create table t (a int, b text);
  create index i on t (a) with (fillfactor = 70);
  create view v with (security_barrier) as select a from t;
  create materialized view m with (fillfactor = 60) as select a from t;
  alter table t alter a set (n_distinct = 5, n_distinct_inherited = 7);
  alter table t set (fillfactor = 80, toast.autovacuum_enabled = off);`;

// As 15.20 does it to attoptions; other releases may do it to other lists.
const entries = `
  set allow_system_table_mods = on;
  update pg_catalog.pg_attribute set attoptions = array['pg_attver=' || attrelid] || attoptions
    where attrelid in ('t'::regclass, 'v'::regclass, 'm'::regclass) and attnum > 0;
  update pg_catalog.pg_class set reloptions = array['pg_entry=1'] || reloptions
    where oid in ('t'::regclass, 'i'::regclass, 'v'::regclass, 'm'::regclass)
      or oid = (select reltoastrelid from pg_catalog.pg_class where oid = 't'::regclass)`;

for (const server of servers()) {
  test(`PostgreSQL ${server.version}: no list of options has entries of the server`, async () => {
    await withDatabase(server, async ({ url }) => {
      const connection = await userSession({ url, applicationName: 'pgmage tests' });
      try {
        await query(url, schema);
        const before = await snapshot(connection, (session) => readCatalog(session, kinds));
        await query(url, entries);
        const after = await snapshot(connection, (session) => readCatalog(session, kinds));
        expect(after.facts.get('column:public.t.a')?.payload.options).toEqual([
          'n_distinct=5',
          'n_distinct_inherited=7',
        ]);
        expect(after.facts.get('table:public.t')?.payload.options).toEqual([
          'fillfactor=80',
          'toast.autovacuum_enabled=off',
        ]);
        expect(computeFingerprint(after, kinds)).toBe(computeFingerprint(before, kinds));
      } finally {
        await connection.close();
      }
    });
  });
}
