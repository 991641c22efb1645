// The contents of publications: single tables, and whole schemas.
import type { Fact } from '../../model/fact.ts';
import { buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

interface PublicationTable {
  /** Names of the columns that are published, sorted; null: all. */
  readonly columns: readonly string[] | null;
  readonly filter: string | null;
}

type TableIn = readonly [publication: string, schema: string, table: string];
type SchemaIn = readonly [publication: string, schema: string];
type Contents = TableIn | SchemaIn;

function change(
  verb: 'ADD' | 'DROP',
  { path: [publication] }: Fact<unknown, Contents>,
  what: string,
): string {
  return `ALTER PUBLICATION ${quote(publication)} ${verb} ${what}`;
}

// ONLY, because the heirs of a table are listed by themselves.
const tableOf = ({ path }: Fact<PublicationTable, TableIn>) => `TABLE ONLY ${qualify(path.slice(1))}`;

function tableClause(fact: Fact<PublicationTable, TableIn>): string {
  const { columns, filter } = fact.payload;
  const list = columns === null ? '' : ` (${columns.map(quote).join(', ')})`;
  return `${tableOf(fact)}${list}${filter === null ? '' : ` WHERE (${filter})`}`;
}

/** A table in a publication (manual: catalog pg_publication_rel). */
export const publicationTable: Kind<PublicationTable, TableIn> = {
  name: 'publication table',
  reference: (fact) => `TABLE ${qualify(fact.path.slice(1))} IN PUBLICATION ${quote(fact.path[0])}`,
  present: buildPresentQuery('pg_publication'),
  introspect: () => `
    select array['pg_publication_rel:' || r.oid || ':0'] as addresses, array[p.pubname, n.nspname,
    c.relname] as path,
      'pg_publication:' || p.oid || ':0' as parent,
      case when r.prattrs is not null then array(select a.attname from pg_attribute a
        where a.attrelid = c.oid and a.attnum = any (r.prattrs) order by a.attname) end as columns,
      pg_get_expr(r.prqual, r.prrelid) as filter
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
      join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace`,
  create: (fact) => change('ADD', fact, tableClause(fact)),
  drop: (fact) => change('DROP', fact, tableOf(fact)),
  alter: { columns: 'replace', filter: 'replace' },
  inline: { clause: tableClause },
};

const schemaClause = ({ path }: Fact<unknown, SchemaIn>) => `TABLES IN SCHEMA ${quote(path[1])}`;

/** All tables of a schema in a publication (manual: catalog pg_publication_namespace). */
export const publicationSchema: Kind<Record<never, never>, SchemaIn> = {
  name: 'publication schema',
  reference: (fact) => `${schemaClause(fact)} IN PUBLICATION ${quote(fact.path[0])}`,
  present: buildPresentQuery('pg_publication'),
  introspect: () => `
    select array['pg_publication_namespace:' || s.oid || ':0'] as addresses, array[p.pubname,
    n.nspname] as path,
      'pg_publication:' || p.oid || ':0' as parent
    from pg_publication_namespace s join pg_publication p on p.oid = s.pnpubid
      join pg_namespace n on n.oid = s.pnnspid`,
  create: (fact) => change('ADD', fact, schemaClause(fact)),
  drop: (fact) => change('DROP', fact, schemaClause(fact)),
  alter: {},
  inline: { clause: schemaClause },
};
