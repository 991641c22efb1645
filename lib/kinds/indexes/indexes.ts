// Indexes that no constraint owns, on tables, partitions and materialized views.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { formatIndex as nameOf, renameIndex } from '../schemas/renaming.ts';
import {
  alterOptions,
  buildRelationOptions,
  buildWrittenOptions,
  without,
} from '../tables/storage-options.ts';
import { buildStorage, storageRules } from '../tables/tablespaces.ts';
import { findCreatingAttachment } from './attached-indexes.ts';
import { holdsConstraints } from './index-attachments.ts';
import {
  alterIndex,
  createIndex,
  describeIndex,
  type Index,
  moveIndex,
  onlineIndex,
  writeStatisticsTargets,
} from './index-commands.ts';
import { buildIndexKey, buildPosition } from './index-equality.ts';
import { findIndexLoss } from './lost-indexes.ts';

// The text around the columns in the server's definition; the predicate is printed in both (ruleutils.c).
const before = `format('CREATE %sINDEX %I ON %s%I.%I USING ', case when i.indisunique then 'UNIQUE '
  else '' end,
  c.relname, case c.relkind when 'I' then 'ONLY ' else '' end, n.nspname, t.relname)`;
const behind =
  `${buildWrittenOptions('c.reloptions')} || coalesce(' WHERE ' ||` +
  ` pg_get_expr(i.indpred, i.indrelid), '')`;

/** CREATE INDEX (manual: catalog pg_index). The path is schema, table, index. */
export const index: Kind<Index, PartPath> = {
  name: 'index',
  reference: (fact) => `INDEX ${nameOf(fact)}`,
  summary: describeIndex,
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, t.relname, c.relname] as path,
      'pg_class:' || t.oid || ':0' as parent, ${buildPosition('c')} as position, i.indisunique as unique,
      substr(${without(behind, 'pg_get_indexdef(c.oid, 0, false)')}, 1 + length(${before})) as columns,
      pg_get_expr(i.indpred, i.indrelid) as predicate, ${buildRelationOptions('c.reloptions')} as options,
      ${buildStorage('c')},
      case when i.indexprs is null then '{}' else (select array_agg(nullif(a.attstattarget, -1)
      order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid) end as statistics,
      c.relkind = 'I' as partitioned, i.indisvalid or c.relkind = 'I' as valid
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
    where t.relkind in ('r', 'p', 'm') and t.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 't.oid', 'n.oid')}
      and not exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x')
      and k.conrelid = t.oid)`,
  create: (fact, scope) => createIndex(fact, scope),
  rename: renameIndex,
  // The server refuses to drop constraints of partitions along with an index without CASCADE.
  drop: (fact, scope) => ({
    sql: [
      `DROP INDEX ${nameOf(fact)}`,
      fact.payload.partitioned && holdsConstraints(fact.path, scope) ? ' CASCADE' : '',
    ].join(''),
    hazards: fact.payload.valid ? findIndexLoss(fact, scope) : [],
    lock: 'ACCESS EXCLUSIVE',
  }),
  reconcile: { unordered: ['options'], ...storageRules },
  alter: {
    unique: 'replace',
    columns: 'replace',
    predicate: 'replace',
    partitioned: 'replace',
    options: (from, to) =>
      to.payload.partitioned
        ? 'replace'
        : alterOptions(alterIndex(to), from.payload.options, to.payload.options),
    tablespace: (_, to) => moveIndex(nameOf(to), to.payload),
    databaseTablespace: () => [],
    statistics: (from, to) => writeStatisticsTargets(to, from.payload.statistics),
    valid: 'replace',
  },
  inline: { madeBy: (fact, scope) => findCreatingAttachment(fact as unknown as Fact, scope) },
  order: {
    followsChanges: true,
    mistakable: ({ payload: { unique, columns, predicate } }) => buildIndexKey(unique, columns, predicate),
    slots: (fact) => [`relation ${nameOf(fact)}`],
  },
  data: {
    // Its expressions and its predicate run with the rights of the writer; a build runs them as the owner of
    // the table.
    watchesRows: ({ payload: { statistics, predicate } }) => statistics.length > 0 || predicate !== null,
    copyRefusal: ({ payload }) => (payload.valid ? null : 'it is invalid'),
    afterRows: true,
  },
  online: onlineIndex,
};
