// Columns of tables of every sort, with their type and storage. Defaults, identity and NOT NULL are facts of
// their own.

import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { makeRenameIn } from '../schemas/renaming.ts';
import { alterTable } from './alter-table.ts';
import {
  alterColumn,
  alterColumnOnly,
  type Column,
  type ColumnFact,
  columnSettings,
  getCarried,
  isRefusedType,
  quoteName,
  quoteTable,
  restoreStorage,
  retype,
  writeColumnClause,
} from './column-commands.ts';
import { heirsOf } from './column-heirs.ts';
import { isOfPlainTable } from './inheritances.ts';
import { likeParent } from './new-partitions.ts';
import { writeLocalNotNull } from './not-nulls.ts';
import { checkAnyRow } from './row-checks.ts';
import { alterOptions, buildColumnOptions, withColumnOptions } from './storage-options.ts';

/** The commands that restore the settings of a column and its heirs after a change of type. */
function restoreSettings(to: ColumnFact, { before, after, makes }: Scope): string[] {
  // Later heirs inherit them, and so do replaced ones.
  const heirs = heirsOf(to, after.facts).filter(
    ({ id }) => before.facts.get(id)?.origins.length && !makes(id),
  );
  return [to, ...heirs].flatMap((column) => [
    ...(column.payload.customStorage ? [columnSettings.storage(column)] : []),
    ...(column.payload.compression === null ? [] : [columnSettings.compression(column)]),
  ]);
}

// Functions of the server's own that give each row another value (manual: pg_proc.provolatile `v`).
const volatile =
  /\b(nextval|currval|lastval|setval|random|random_normal|gen_random_uuid|uuidv[47]|clock_timestamp|timeofday)\(/;

// The attributes of a function come before its body.
const isVolatile = ({ payload }: Fact) =>
  !/\n .*\b(IMMUTABLE|STABLE)\b/.test(
    String(payload.definition).split(/\n(?:AS |RETURN |BEGIN ATOMIC)/)[0] ?? '',
  );

// True if each row needs its own value. For an extension's functions this is unknown.
function differs({ id, payload }: Fact, { after }: Scope): boolean {
  const needed = [...(after.needs.get(id)?.keys() ?? [])].flatMap((other) => after.facts.get(other) ?? []);
  const expression = String(payload.expression);
  return (
    volatile.test(expression) ||
    needed.some((fact) => fact.kind === 'function' && isVolatile(fact)) ||
    (expression.includes('(') && needed.some(({ kind }) => kind === 'extension'))
  );
}

// The constraints and defaults of the domain that is a column's type, and of the domains below it.
function broughtBy(id: string, { after }: Scope): Fact[] {
  const domains = [...(after.needs.get(id)?.keys() ?? [])].filter(
    (other) => after.facts.get(other)?.kind === 'domain',
  );
  if (domains.length === 0) return [];
  const own = [...after.facts.values()].filter(({ parent }) => parent !== null && domains.includes(parent));
  return [...own, ...domains.flatMap((domain) => broughtBy(domain, { after } as Scope))];
}

/** The cost of ADD COLUMN with its clauses: rows without a required value, and rewritten rows. */
function computeAdditionCost(fact: ColumnFact, scope: Scope): Pick<Statement, 'hazards' | 'checks'> {
  const { id, payload } = fact;
  const carried = (kind: string) => scope.clauses.find(({ fact }) => fact.kind === kind)?.fact;
  const brought = broughtBy(id, scope);
  const value = carried('default') ?? brought.find(({ kind }) => kind === 'domain default');
  const counted = carried('identity');
  const constraints = brought.filter(({ kind }) => kind === 'domain check' || kind === 'domain not null');
  const required = carried('not null') ?? constraints.find(({ kind }) => kind === 'domain not null');
  const given = payload.generated !== null || value !== undefined || counted !== undefined;
  const rewrites =
    payload.generated === 'stored' ||
    counted !== undefined ||
    (value !== undefined && differs(value, scope)) ||
    constraints.length > 0;
  const fails = required !== undefined && !given;
  return {
    hazards: [
      ...(fails ? (['fails_on_existing_rows'] as const) : []),
      ...(rewrites ? (['rewrites_table'] as const) : []),
    ],
    checks: fails ? [checkAnyRow(fact)] : [],
  };
}

// The partition key lists its columns with their types.
function isInPartitionKey(fact: ColumnFact, { before }: Scope): boolean {
  const key = before.facts.get(fact.parent as string)?.payload.keyColumns;
  return Array.isArray(key) && key.some((column) => String(column).startsWith(`${quoteName(fact)} `));
}

/** Columns (manual: catalog pg_attribute; ALTER TABLE). */
export const column: Kind<Column, PartPath> = {
  name: 'column',
  reference: (fact) => `COLUMN ${qualify(fact.path)}`,
  introspect: () => `
    select array[format('pg_class:%s:%s', c.oid, a.attnum)] as addresses, array[n.nspname, c.relname,
    a.attname] as path,
      'pg_class:' || c.oid || ':0' as parent, a.attnum as position,
      case when c.reloftype <> 0 then (select array[format('pg_class:%s:%s', o.attrelid, o.attnum)]
          from pg_type y join pg_attribute o on o.attrelid = y.typrelid and o.attname = a.attname
          where y.oid = c.reloftype)
        when a.attinhcount > 0 then (select array_agg(format('pg_class:%s:%s', i.inhparent, p.attnum))
        from pg_inherits i join pg_attribute p on p.attrelid = i.inhparent and p.attname = a.attname
        where i.inhrelid = c.oid) end as origins, a.attislocal and a.attinhcount > 0 as outlives,
      a.attislocal or c.relispartition as local,
      case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated,
      case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end as expression,
      format_type(a.atttypid, a.atttypmod) as type,
      case when a.attcollation <> t.typcollation then quote_ident(cn.nspname) || '.' ||
      quote_ident(co.collname) end as collation,
      case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN'
      else 'EXTENDED' end as storage,
      a.attstorage <> t.typstorage as "customStorage",
      case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
      nullif(a.attstattarget, -1) as statistics,
      ${buildColumnOptions('a.attoptions')} as options
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      left join pg_collation co on co.oid = a.attcollation left join pg_namespace cn
      on cn.oid = co.collnamespace
      left join pg_attrdef d on a.attgenerated <> '' and d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact, scope) => [
    alterTable(quoteTable(fact), `ADD COLUMN ${writeColumnClause(fact, scope)}`, 'add', {
      ...computeAdditionCost(fact, scope),
      lock: 'ACCESS EXCLUSIVE',
    }),
    ...(fact.payload.customStorage ? [columnSettings.storage(fact)] : []),
    ...(fact.payload.statistics === null ? [] : [columnSettings.statistics(fact)]),
    ...alterOptions(alterColumnOnly(fact), [], fact.payload.options),
  ],
  rename: makeRenameIn('TABLE', 'COLUMN'),
  drop: (fact, { alone }) =>
    alterTable(
      `${alone(fact.id) ? 'ONLY ' : ''}${quoteTable(fact)}`,
      `DROP COLUMN ${quoteName(fact)}`,
      'drop',
      {
        lock: 'ACCESS EXCLUSIVE',
      },
    ),
  alter: {
    local: () => [],
    generated: (from, to) =>
      to.payload.generated === null && from.payload.generated === 'stored'
        ? `${alterColumn(to)} DROP EXPRESSION`
        : 'replace',
    expression: (from, to, { major }) => {
      if (to.payload.expression === null || from.payload.expression === null) return [];
      if (major < 17) return 'replace';
      return {
        sql: `${alterColumn(to)} SET EXPRESSION AS (${to.payload.expression})`,
        hazards: ['rewrites_table'],
        lock: 'ACCESS EXCLUSIVE',
      };
    },
    type: (from, to, scope) =>
      isRefusedType(from, to, scope)
        ? 'replace'
        : [retype(from, to, from.payload.type === to.payload.type, scope), ...restoreSettings(to, scope)],
    collation: (from, to, scope) => [retype(from, to, false, scope), ...restoreSettings(to, scope)],
    storage: restoreStorage,
    customStorage: restoreStorage,
    compression: (_, to) => columnSettings.compression(to),
    statistics: (_, to) => columnSettings.statistics(to),
    options: (from, to) => alterOptions(alterColumnOnly(to), from.payload.options, to.payload.options),
  },
  inline: {
    clause: (fact, scope) => {
      if (likeParent(fact.parent as string, scope) !== null) return '';
      const isWritten = fact.payload.local || !scope.makes(fact.parent as string);
      return isWritten ? writeColumnClause(fact, scope) : writeLocalNotNull(fact, scope);
    },
    carried: getCarried,
    inseparable: true,
  },
  order: {
    dropsAlone: isOfPlainTable,
    blockedByDependents: ['type', 'collation'],
    recurses: ['generated', 'expression', 'type', 'collation'],
    retarget: 'type',
    refused: isInPartitionKey,
  },
  data: { holdsData: (fact) => fact.payload.generated === null },
  reconcile: {
    unordered: ['options'],
    atVersion: (payload) => ({ ...payload, local: true }),
    upgraded: withColumnOptions,
  },
};
