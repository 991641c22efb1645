// Tables: plain, unlogged, partitioned, partitions and heirs. Foreign tables are a kind of their own.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { makeRename } from '../schemas/renaming.ts';
import { alterLogging } from './logged.ts';
import { likeParent } from './new-partitions.ts';
import { alterOptions, buildRelationOptions, formatOptions } from './storage-options.ts';
import { buildStorage, nameTablespace, type Storage, storageRules } from './tablespaces.ts';

/** SQL for the key of the table `c`, `RANGE (at)`; null where it is not partitioned. */
const partitionKey = `case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end`;

// The columns `a` that the key names: they depend on their table as a whole (source: StorePartitionKey in
// heap.c).
const fromKeyColumns = `from pg_depend d join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid > 0
          and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = 0
          and d.deptype = 'i'`;

/**
 * SQL for the columns that the key names, also in expressions, with type and collation, which no command
 * changes while they are in a key.
 */
const keyColumns = `case when c.relkind <> 'p' then '{}' else array(
        select concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        nullif(a.attcollation, 0)::regcollation)
        ${fromKeyColumns}
        order by a.attname) end`;

/** SQL for what these columns are made of: the key stays as it is where a type is replaced by its name. */
const keyTypes = `case when c.relkind = 'p' then array(
        select unnest(array['pg_type:' || a.atttypid || ':0', 'pg_collation:' || a.attcollation || ':0'])
        ${fromKeyColumns}) end`;

interface Table extends Storage {
  readonly unlogged: boolean;
  /** `RANGE (at)`, or null for a table with rows of its own. */
  readonly partitionKey: string | null;
  readonly keyColumns: readonly string[];
  readonly accessMethod: string | null;
  readonly options: readonly string[];
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
}

type Row = Fact<Table>;

const alter = (fact: Row, action: string) => `ALTER TABLE ${qualify(fact.path)} ${action}`;

// Row security decides which rows a role can see and write.
const security = (fact: Row, action: string): Statement => ({
  sql: alter(fact, action),
  hazards: ['changes_privileges'],
  lock: 'ACCESS EXCLUSIVE',
});

function lines(clauses: readonly string[]): string {
  return clauses.length === 0 ? '()' : `(\n${clauses.map((sql) => `  ${sql}`).join(',\n')}\n)`;
}

function create(fact: Row, scope: Scope): string[] {
  const { clauses } = scope;
  const like = likeParent(fact.id, scope);
  const { unlogged, partitionKey, accessMethod, tablespace, options } = fact.payload;
  const parents = clauses.filter((clause) => clause.fact.kind === 'inheritance').map(({ sql }) => sql);
  const own = clauses.filter((clause) => clause.fact.kind !== 'inheritance');
  const body = lines([...(like === null ? [] : [like]), ...own.map(({ sql }) => sql)]);
  const parts = [
    `CREATE ${unlogged ? 'UNLOGGED ' : ''}TABLE ${qualify(fact.path)} ${body}`,
    parents.length > 0 && `INHERITS (${parents.join(', ')})`,
    partitionKey !== null && `PARTITION BY ${partitionKey}`,
    accessMethod !== null && `USING ${quote(accessMethod)}`,
    formatOptions(options),
    tablespace !== null && `TABLESPACE ${quote(tablespace)}`,
  ];
  return [
    parts.filter(Boolean).join(' '),
    ...(fact.payload.rowSecurity ? [alter(fact, 'ENABLE ROW LEVEL SECURITY')] : []),
    ...(fact.payload.forceRowSecurity ? [alter(fact, 'FORCE ROW LEVEL SECURITY')] : []),
  ];
}

/** CREATE TABLE (manual: catalogs pg_class, pg_partitioned_table). */
export const table: Kind<Table> = {
  name: 'table',
  reference: (fact) => `TABLE ${qualify(fact.path)}`,
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, c.relname] as path,
      c.relpersistence = 'u' as unlogged,
      ${partitionKey} as "partitionKey", ${keyColumns} as "keyColumns", ${keyTypes} as needs,
      case when am.amname <> 'heap' then am.amname end as "accessMethod",
      ${buildStorage('c')},
      ${buildRelationOptions('c.reloptions')} || ${buildRelationOptions('tc.reloptions', 'toast.')}
      as options,
      c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as "forceRowSecurity"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_am am on am.oid = c.relam
      left join pg_class tc on tc.oid = c.reltoastrelid
    where c.relkind in ('r', 'p') and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create,
  rename: makeRename('TABLE', 'ACCESS EXCLUSIVE'),
  drop: (fact) => ({ sql: `DROP TABLE ${qualify(fact.path)}`, lock: 'ACCESS EXCLUSIVE' }),
  reconcile: { unordered: ['options'], ...storageRules },
  alter: {
    partitionKey: 'replace',
    keyColumns: 'replace',
    // Partitioned tables have no storage of their own to be rewritten, so the command does nothing to them.
    unlogged: (_, to, scope) => (to.payload.partitionKey === null ? alterLogging(to, scope) : 'replace'),
    accessMethod: (_, to, { major }) =>
      to.payload.partitionKey !== null && major < 17
        ? 'replace'
        : {
            sql: alter(to, `SET ACCESS METHOD ${quote(to.payload.accessMethod ?? 'heap')}`),
            hazards: ['rewrites_table'],
            lock: 'ACCESS EXCLUSIVE',
          },
    tablespace: (_, to) => ({
      sql: alter(to, `SET TABLESPACE ${quote(nameTablespace(to.payload))}`),
      hazards: ['rewrites_table'],
      lock: 'ACCESS EXCLUSIVE',
    }),
    databaseTablespace: () => [],
    options: (from, to) =>
      alterOptions(`ALTER TABLE ${qualify(to.path)}`, from.payload.options, to.payload.options),
    rowSecurity: (_, to) =>
      security(to, `${to.payload.rowSecurity ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`),
    forceRowSecurity: (_, to) =>
      security(to, `${to.payload.forceRowSecurity ? '' : 'NO '}FORCE ROW LEVEL SECURITY`),
  },
  order: { slots: (fact) => [`relation ${qualify(fact.path)}`, `type ${qualify(fact.path)}`] },
  data: { holdsData: (fact) => fact.payload.partitionKey === null },
};
