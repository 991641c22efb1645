// Views and their columns.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename, makeRenameIn } from '../schemas/renaming.ts';
import { alterOptions, buildRelationOptions, formatOptions } from '../tables/storage-options.ts';

interface View {
  /** Names, types and collations, as SQL. */
  readonly columns: readonly string[];
  readonly query: string;
  readonly options: readonly string[];
}

const create = (fact: Fact<View>, verb: string) => {
  const options = formatOptions(fact.payload.options);
  return `${verb} VIEW ${qualify(fact.path)}${options && ` ${options}`} AS\n${fact.payload.query}`;
};

// Takes the options along, which the command would reset otherwise.
const replace = (fact: Fact<View>) => create(fact, 'CREATE OR REPLACE');

// A view of no rows with the same columns (manual: CREATE VIEW on what may be replaced).
const hollow = ({ path, payload: { columns } }: Fact<View>) => {
  const nulls = columns.map((column) => {
    const [, name, type, collation = ''] = /^("(?:[^"]|"")*"|\S+) (.*?)( COLLATE \S+)?$/.exec(column) ?? [];
    return ` NULL::${type}${collation} AS ${name}`;
  });
  return `VIEW ${qualify(path)} AS\nSELECT${nulls.join(',\n   ')}\nWHERE false`;
};

/** The length of a query for messages: `(12 lines)`. */
export function describeLength(query: string): string {
  const lines = query.split('\n').length;
  return `(${lines} ${lines === 1 ? 'line' : 'lines'})`;
}

/** CREATE VIEW (manual: catalogs pg_class, pg_rewrite). */
export const view: Kind<View> = {
  name: 'view',
  reference: (fact) => `VIEW ${qualify(fact.path)}`,
  summary: (fact) => `VIEW ${qualify(fact.path)} ${describeLength(fact.payload.query)}`,
  securable: (fact) => `TABLE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'v'`),
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, c.relname] as path,
      array(select concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
          case when a.attcollation <> t.typcollation then 'COLLATE ' || a.attcollation::regcollation end)
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 order by a.attnum) as columns,
      rtrim(pg_get_viewdef(c.oid), ';') as query,
      ${buildRelationOptions('c.reloptions')} as options
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'v' and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => create(fact, 'CREATE'),
  rename: makeRename('VIEW', 'ACCESS EXCLUSIVE'),
  drop: (fact) => `DROP VIEW ${qualify(fact.path)}`,
  reconcile: { unordered: ['options'] },
  alter: {
    // Columns can only be added at the end (manual: CREATE VIEW).
    columns: (from, to) =>
      from.payload.columns.every((column, index) => column === to.payload.columns[index])
        ? replace(to)
        : 'replace',
    query: (_, to) => replace(to),
    options: (from, to) =>
      from.payload.query === to.payload.query
        ? alterOptions(`ALTER VIEW ${qualify(to.path)}`, from.payload.options, to.payload.options)
        : replace(to),
  },
  order: {
    placeholder: {
      create: (fact) => `CREATE ${hollow(fact)}`,
      fill: replace,
      empty: (fact) => `CREATE OR REPLACE ${hollow(fact)}`,
    },
    slots: (fact) => [`relation ${qualify(fact.path)}`, `type ${qualify(fact.path)}`],
  },
};

/**
 * Columns of views: nothing of their own, but comments, grants and defaults sit on them, and others depend on
 * them.
 */
export const viewColumn: Kind<Record<never, never>> = {
  name: 'view column',
  reference: (fact) => `COLUMN ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'v'`),
  introspect: () => `
    select array[format('pg_class:%s:%s', c.oid, a.attnum)] as addresses,
      array[n.nspname, c.relname, a.attname] as path,
      'pg_class:' || c.oid || ':0' as parent, a.attnum as position
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relkind = 'v' and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: () => [],
  rename: makeRenameIn('VIEW', 'COLUMN'),
  drop: () => [],
  alter: {},
  order: {
    // Columns can only be added (manual: CREATE VIEW), so a replaced column replaces its view.
    inseverable: true,
  },
};
