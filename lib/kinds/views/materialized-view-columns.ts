// Columns of materialized views: their storage and statistics; the query defines the rest.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { makeRenameIn } from '../schemas/renaming.ts';
import { alterOptions, buildColumnOptions, withColumnOptions } from '../tables/storage-options.ts';

interface MaterializedViewColumn {
  /** It comes from the query, so it is never compared; null: an earlier release did not read it. */
  readonly type: string | null;
  readonly storage: string | null;
  readonly compression: string | null;
  readonly statistics: number | null;
  readonly options: readonly string[];
}

type Row = Fact<MaterializedViewColumn, PartPath>;

const alter = (fact: Row) =>
  `ALTER MATERIALIZED VIEW ${qualify(fact.path.slice(0, 2))} ALTER COLUMN ${quote(fact.path[2])}`;

const settings = {
  storage: (fact: Row, value: string) => `${alter(fact)} SET STORAGE ${value}`,
  compression: (fact: Row, value: string) => `${alter(fact)} SET COMPRESSION ${value}`,
  statistics: (fact: Row, value: number) => `${alter(fact)} SET STATISTICS ${value}`,
};

/** ALTER MATERIALIZED VIEW … ALTER COLUMN (manual: catalog pg_attribute). */
export const materializedViewColumn: Kind<MaterializedViewColumn, PartPath> = {
  name: 'materialized view column',
  reference: (fact) => `COLUMN ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'm'`),
  introspect: () => `
    select array[format('pg_class:%s:%s', c.oid, a.attnum)] as addresses,
      array[n.nspname, c.relname, a.attname] as path,
      'pg_class:' || c.oid || ':0' as parent, a.attnum as position,
      format_type(a.atttypid, a.atttypmod) as type,
      case when a.attstorage <> t.typstorage then case a.attstorage
        when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN'
        else 'EXTENDED' end end as storage,
      case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
      nullif(a.attstattarget, -1) as statistics,
      ${buildColumnOptions('a.attoptions')} as options
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 join pg_type t on t.oid = a.atttypid
    where c.relkind = 'm' and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => {
    const { storage, compression, statistics, options } = fact.payload;
    return [
      ...(storage === null ? [] : [settings.storage(fact, storage)]),
      ...(compression === null ? [] : [settings.compression(fact, compression)]),
      ...(statistics === null ? [] : [settings.statistics(fact, statistics)]),
      ...alterOptions(alter(fact), [], options),
    ];
  },
  rename: makeRenameIn('MATERIALIZED VIEW', 'COLUMN'),
  drop: () => [],
  alter: {
    type: () => [],
    // Before 16 there was no word for the type's own storage.
    storage: (_, to, { major }) =>
      to.payload.storage === null && major < 16
        ? 'replace'
        : settings.storage(to, to.payload.storage ?? 'DEFAULT'),
    compression: (_, to) => settings.compression(to, to.payload.compression ?? 'default'),
    statistics: (_, to) => settings.statistics(to, to.payload.statistics ?? -1),
    options: (from, to) => alterOptions(alter(to), from.payload.options, to.payload.options),
  },
  order: { inseverable: true },
  reconcile: {
    unordered: ['options'],
    uncompared: ['type'],
    upgraded: (payload) => withColumnOptions({ ...payload, type: payload.type ?? null }),
  },
};
