// Materialized views, made empty. Their rows can be made again from their query, so nothing is lost with one.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { alterOptions, buildRelationOptions, formatOptions } from '../tables/storage-options.ts';
import { buildStorage, nameTablespace, type Storage, storageRules } from '../tables/tablespaces.ts';
import { describeLength } from './views.ts';

interface MaterializedView extends Storage {
  readonly query: string;
  readonly accessMethod: string | null;
  readonly options: readonly string[];
}

/** CREATE MATERIALIZED VIEW (manual: catalogs pg_class, pg_rewrite). */
export const materializedView: Kind<MaterializedView> = {
  name: 'materialized view',
  reference: (fact) => `MATERIALIZED VIEW ${qualify(fact.path)}`,
  summary: (fact) => `MATERIALIZED VIEW ${qualify(fact.path)} ${describeLength(fact.payload.query)}`,
  securable: (fact) => `TABLE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'm'`),
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, c.relname] as path,
      rtrim(pg_get_viewdef(c.oid), ';') as query,
      case when am.amname <> 'heap' then am.amname end as "accessMethod", ${buildStorage('c')},
      ${buildRelationOptions('c.reloptions')} || ${buildRelationOptions('tc.reloptions', 'toast.')} as options
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_am am on am.oid = c.relam left join pg_class tc on tc.oid = c.reltoastrelid
    where c.relkind = 'm' and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: ({ path, payload: { query, accessMethod, tablespace, options } }) => {
    const parts = [
      `CREATE MATERIALIZED VIEW ${qualify(path)}`,
      accessMethod !== null && `USING ${quote(accessMethod)}`,
      formatOptions(options),
      tablespace !== null && `TABLESPACE ${quote(tablespace)}`,
      `AS\n${query}\nWITH NO DATA`,
    ];
    return parts.filter(Boolean).join(' ');
  },
  rename: makeRename('MATERIALIZED VIEW', 'ACCESS EXCLUSIVE'),
  drop: (fact, { after }) => ({
    sql: `DROP MATERIALIZED VIEW ${qualify(fact.path)}`,
    // Readers wait until a replaced view is filled again.
    hazards: after.facts.has(`population:${qualify(fact.path)}`) ? ['blocks_reads'] : [],
    lock: 'ACCESS EXCLUSIVE',
  }),
  reconcile: {
    unordered: ['options'],
    ...storageRules,
    laterAttributes: ['tablespace'],
    upgraded: (payload) => ({ ...payload, tablespace: payload.tablespace ?? null, databaseTablespace: null }),
  },
  alter: {
    query: 'replace',
    accessMethod: (_, to) => ({
      sql:
        `ALTER MATERIALIZED VIEW ${qualify(to.path)} SET ACCESS METHOD` +
        ` ${quote(to.payload.accessMethod ?? 'heap')}`,
      hazards: ['rewrites_table'],
      lock: 'ACCESS EXCLUSIVE',
    }),
    tablespace: (_, to) => ({
      sql:
        `ALTER MATERIALIZED VIEW ${qualify(to.path)} SET TABLESPACE` +
        ` ${quote(nameTablespace(to.payload))}`,
      hazards: ['rewrites_table'],
      lock: 'ACCESS EXCLUSIVE',
    }),
    databaseTablespace: () => [],
    options: (from, to) =>
      alterOptions(`ALTER MATERIALIZED VIEW ${qualify(to.path)}`, from.payload.options, to.payload.options),
  },
  order: { slots: (fact) => [`relation ${qualify(fact.path)}`, `type ${qualify(fact.path)}`] },
  data: { afterRows: true },
};
