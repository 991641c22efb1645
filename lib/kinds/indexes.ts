// Indexes that no constraint owns, on tables, partitions and materialized views.
import type { Fact } from '../model/fact.ts';
import { ours } from '../model/introspection.ts';
import type { Kind } from '../model/kind.ts';
import { qualify, quote } from '../model/quote.ts';
import { alterOptions, withOptions } from './storage-options.ts';

interface Index {
  /** CREATE INDEX as the server writes it, without storage parameters; ON ONLY for a partitioned index. */
  readonly definition: string;
  readonly options: readonly string[];
  readonly tablespace: string | null;
  /** Statistics targets of its columns, null where none is set. */
  readonly statistics: readonly (number | null)[];
  /** false: a concurrent build died; the server does not use it. */
  readonly valid: boolean;
}

type Row = Fact<Index>;

const nameOf = ({ path }: Row) => qualify([path[0] as string, path[2] as string]);
const alter = (fact: Row) => `ALTER INDEX ${nameOf(fact)}`;

// `CREATE UNIQUE INDEX name ON schema.table USING btree (…)` → what people call it.
function summary(fact: Row): string {
  const columns = /USING (\w+) (.*)$/s.exec(fact.payload.definition);
  const method = columns?.[1] === 'btree' ? '' : ` USING ${columns?.[1]}`;
  const unique = fact.payload.definition.startsWith('CREATE UNIQUE') ? 'UNIQUE ' : '';
  return `${unique}INDEX ${quote(fact.path[2] as string)} ON ${qualify(fact.path.slice(0, 2))}${method}${columns?.[2]}`;
}

// A partitioned index takes storage parameters only when it is made.
const partitioned = ({ payload }: Row) => payload.definition.includes(' ON ONLY ');

const targets = (fact: Row, from: readonly (number | null)[]) =>
  fact.payload.statistics.flatMap((target, index) =>
    target === (from[index] ?? null)
      ? []
      : [`${alter(fact)} ALTER COLUMN ${index + 1} SET STATISTICS ${target ?? -1}`],
  );

// The server puts storage parameters before WHERE; they are an attribute of their own, so they are cut out.
const withClause = `' WITH (' || array_to_string(array(select quote_ident(split_part(o, '=', 1)) || '=' ||
  case when quote_ident(v) = v then v else quote_literal(v) end
  from unnest(c.reloptions) o, lateral (select substr(o, strpos(o, '=') + 1) as v) x), ', ') || ')'`;

/** CREATE INDEX (manual: catalog pg_index). The path is schema, table, index. */
export const index: Kind<Index> = {
  name: 'index',
  reference: (fact) => `INDEX ${nameOf(fact)}`,
  summary,
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, t.relname, c.relname] as path,
      'pg_class:' || t.oid || ':0' as parent,
      case when c.reloptions is null then pg_get_indexdef(c.oid)
        else replace(pg_get_indexdef(c.oid), ${withClause}, '') end as definition,
      coalesce(c.reloptions, '{}') as options,
      (select spcname from pg_tablespace s where s.oid = c.reltablespace) as tablespace,
      case when i.indexprs is null then '{}' else (select array_agg(nullif(a.attstattarget, -1) order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid) end as statistics,
      i.indisvalid or c.relkind = 'I' as valid
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
    where t.relkind in ('r', 'p', 'm') and t.relpersistence <> 't' and ${ours('pg_class', 't.oid', 'n.oid')}
      and not exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x') and k.conrelid = t.oid)`,
  create: (fact) => {
    const { definition, options, tablespace } = fact.payload;
    const space = tablespace === null ? [] : [`${alter(fact)} SET TABLESPACE ${quote(tablespace)}`];
    const sql = partitioned(fact)
      ? definition.replace(/( WHERE .*)?$/s, (where) => ` ${withOptions(options)}${where}`)
      : definition;
    return [
      { sql: sql.trimEnd(), hazards: ['blocks_writes'], lock: 'SHARE' },
      ...(partitioned(fact) ? [] : alterOptions(alter(fact), [], options)),
      ...targets(fact, []),
      ...space,
    ];
  },
  drop: (fact) => ({ sql: `DROP INDEX ${nameOf(fact)}`, lock: 'ACCESS EXCLUSIVE' }),
  alter: {
    definition: 'replace',
    options: (from, to) =>
      partitioned(to) ? 'replace' : alterOptions(alter(to), from.payload.options, to.payload.options),
    tablespace: (_, to) => `${alter(to)} SET TABLESPACE ${quote(to.payload.tablespace ?? 'pg_default')}`,
    statistics: (from, to) => targets(to, from.payload.statistics),
    valid: 'replace',
  },
  followsChanges: true,
  slots: (fact) => [`relation ${nameOf(fact)}`],
};
