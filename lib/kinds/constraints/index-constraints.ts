// Constraints that the server keeps by an index: primary keys, unique and exclusion constraints.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { findCreatingAttachment } from '../indexes/attached-indexes.ts';
import { promoteIndex } from '../indexes/constraint-using-index.ts';
import { moveIndex } from '../indexes/index-commands.ts';
import { buildConstraintKey, buildPosition } from '../indexes/index-equality.ts';
import { findIndexLoss } from '../indexes/lost-indexes.ts';
import { makeRenameIn } from '../schemas/renaming.ts';
import { isFromParent } from '../tables/inheritances.ts';
import { checkDuplicates } from '../tables/row-checks.ts';
import {
  alterOptions,
  buildRelationOptions,
  buildWrittenOptions,
  formatOptions,
} from '../tables/storage-options.ts';
import { buildStorage, type Storage, storageRules } from '../tables/tablespaces.ts';
import {
  buildConstraintQuery,
  buildDeferral,
  buildDefinition,
  buildReference,
  dropConstraint,
  listIndexSlots,
  quoteTable,
} from './constraints.ts';

interface IndexConstraint extends Storage {
  /** `PRIMARY KEY (id)` without its options. */
  readonly definition: string;
  /** The condition of an exclusion constraint. */
  readonly predicate: string | null;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  /** Storage parameters of its index. */
  readonly options: readonly string[];
  /** True on a partitioned table: the indexes of its partitions are attached to it one by one. */
  readonly partitioned: boolean;
  /**
   * The server leaves out all but one of CREATE TABLE's constraints over the same columns. Never compared.
   */
  readonly duplicate: boolean;
}

type Row = Fact<IndexConstraint, PartPath>;

function clause({ path, payload }: Row): string {
  const { definition, predicate, options, tablespace } = payload;
  const storage = options.length > 0 ? ` ${formatOptions(options)}` : '';
  const space = tablespace === null ? '' : ` USING INDEX TABLESPACE ${quote(tablespace)}`;
  const where = predicate === null ? '' : ` WHERE (${predicate})`;
  return `CONSTRAINT ${quote(path[2])}` + ` ${definition}${storage}${space}${where}${buildDeferral(payload)}`;
}

// Only the text of an exclusion constraint has them (ruleutils.c).
const storage = `case when k.contype = 'x' then ${buildWrittenOptions('x.reloptions')}
  || coalesce(' WHERE (' || pg_get_expr(i.indpred, i.indrelid) || ')', '') else '' end`;

const attributes = (major: number) => `${buildDefinition(major, storage)} as definition,
  pg_get_expr(i.indpred, i.indrelid) as predicate, k.condeferrable as deferrable, k.condeferred as deferred,
  ${buildRelationOptions('x.reloptions')} as options,
  ${buildStorage('x')},
  x.relkind = 'I' as partitioned, ${buildPosition('x')} as position,
  exists (select from pg_constraint o where o.conrelid = k.conrelid and o.conkey = k.conkey
  and o.contype in ('p', 'u')
    and o.oid <> k.oid) as duplicate,
  case when k.contype = 'p' then array(select format('not_null:%s:%s', k.conrelid, a)
  from unnest(k.conkey) a) end as needs`;

const index = ({ path }: Row) => qualify([path[0], path[2]]);

// Since 18, CREATE TABLE gives the columns of a primary key NOT NULLs of their own, besides those that the
// table inherits.
const makesNotNulls = ({ id }: Row, scope: Scope): boolean =>
  scope.after.major >= 18 &&
  [...(scope.after.needs.get(id)?.keys() ?? [])].some((needed) => {
    const fact = scope.after.facts.get(needed);
    return fact?.kind === 'not null' && !fact.outlives && isFromParent(fact, scope);
  });

const add = (fact: Row, scope: Scope): Statement => ({
  sql: `ALTER TABLE ${fact.payload.partitioned ? 'ONLY ' : ''}${quoteTable(fact)} ADD ${clause(fact)}`,
  hazards: ['blocks_reads', 'may_fail_on_existing_rows'],
  checks: checkDuplicates(fact, fact.payload.definition, scope),
  lock: 'ACCESS EXCLUSIVE',
});

function kind(name: string, type: string, slots: (fact: Row) => string[]): Kind<IndexConstraint, PartPath> {
  return {
    name,
    reference: buildReference,
    summary: (fact) => `${clause(fact)} ON ${quoteTable(fact)}`,
    present: buildPresentQuery('pg_constraint', `contype = '${type}'`),
    introspect: (major) => buildConstraintQuery(type, attributes(major)),
    create: add,
    rename: makeRenameIn('TABLE', 'CONSTRAINT'),
    drop: (fact, scope) => ({ ...dropConstraint(fact, scope), hazards: findIndexLoss(fact, scope) }),
    alter: {
      definition: 'replace',
      predicate: 'replace',
      deferrable: 'replace',
      deferred: 'replace',
      options: (from, to) =>
        alterOptions(`ALTER INDEX ${index(to)}`, from.payload.options, to.payload.options),
      tablespace: (_, to) => moveIndex(index(to), to.payload),
      databaseTablespace: () => [],
      partitioned: 'replace',
      duplicate: () => [],
    },
    inline: {
      clause: (fact, scope) => (fact.payload.duplicate || makesNotNulls(fact, scope) ? null : clause(fact)),
      madeBy: (fact, scope) => findCreatingAttachment(fact as unknown as Fact, scope),
    },
    order: {
      followsChanges: true,
      mistakable: ({ payload: { definition, predicate } }) => buildConstraintKey(definition, predicate),
      slots,
    },
    data: { afterRows: true },
    online: promoteIndex(add),
    reconcile: {
      unordered: ['options'],
      ...storageRules,
      atVersion: (payload) => ({ ...payload, duplicate: false }),
    },
  };
}

/** PRIMARY KEY, one a table. */
export const primaryKey = kind('primary key', 'p', (fact) => [
  ...listIndexSlots(fact),
  `primary key ${quoteTable(fact)}`,
]);

/** UNIQUE, also NULLS NOT DISTINCT and WITHOUT OVERLAPS. */
export const unique = kind('unique', 'u', listIndexSlots);

/** EXCLUDE. */
export const exclusion = kind('exclusion', 'x', listIndexSlots);
