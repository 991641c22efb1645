// Constraints that the server keeps by an index: primary keys, unique and exclusion constraints.
import type { Fact } from '../../model/fact.ts';
import { present } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { madeByAttachment } from '../indexes/attached-indexes.ts';
import { promotion } from '../indexes/constraint-using-index.ts';
import { constraintLikeness, position } from '../indexes/index-equality.ts';
import { indexLoss } from '../indexes/lost-indexes.ts';
import { renamedIn } from '../schemas/renaming.ts';
import { duplicates } from '../tables/row-checks.ts';
import { alterOptions, relationOptions, withOptions, writtenOptions } from '../tables/storage-options.ts';
import { deferral, definition, drop, indexSlots, query, reference, tableOf } from './constraints.ts';

interface IndexConstraint {
  /** `PRIMARY KEY (id)` without what follows. */
  readonly definition: string;
  /** The condition of an exclusion constraint. */
  readonly predicate: string | null;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  /** Storage parameters of its index. */
  readonly options: readonly string[];
  readonly tablespace: string | null;
  /** On a partitioned table: its partitions' own are attached to it one by one. */
  readonly partitioned: boolean;
  /** The server leaves out all but one of CREATE TABLE's constraints over the same columns. Never compared. */
  readonly duplicate: boolean;
}

type Row = Fact<IndexConstraint>;

function clause({ path, payload }: Row): string {
  const { definition, predicate, options, tablespace } = payload;
  const storage = options.length > 0 ? ` ${withOptions(options)}` : '';
  const space = tablespace === null ? '' : ` USING INDEX TABLESPACE ${quote(tablespace)}`;
  const where = predicate === null ? '' : ` WHERE (${predicate})`;
  return `CONSTRAINT ${quote(path[2] as string)} ${definition}${storage}${space}${where}${deferral(payload)}`;
}

// Only the text of an exclusion constraint has them (ruleutils.c).
const storage = `case when k.contype = 'x' then ${writtenOptions('x.reloptions')}
  || coalesce(' WHERE (' || pg_get_expr(i.indpred, i.indrelid) || ')', '') else '' end`;

const attributes = (major: number) => `${definition(major, storage)} as definition,
  pg_get_expr(i.indpred, i.indrelid) as predicate, k.condeferrable as deferrable, k.condeferred as deferred,
  ${relationOptions('x.reloptions')} as options,
  (select spcname from pg_tablespace s where s.oid = x.reltablespace) as tablespace, x.relkind = 'I' as partitioned, ${position('x')} as position,
  exists (select from pg_constraint o where o.conrelid = k.conrelid and o.conkey = k.conkey and o.contype in ('p', 'u')
    and o.oid <> k.oid) as duplicate,
  case when k.contype = 'p' then array(select format('not_null:%s:%s', k.conrelid, a) from unnest(k.conkey) a) end as needs`;

const index = ({ path }: Row) => qualify([path[0] as string, path[2] as string]);

const add = (fact: Row, scope: Scope): Statement => ({
  sql: `ALTER TABLE ${fact.payload.partitioned ? 'ONLY ' : ''}${tableOf(fact)} ADD ${clause(fact)}`,
  hazards: ['blocks_reads', 'may_fail_on_existing_rows'],
  checks: duplicates(fact, fact.payload.definition, scope),
  lock: 'ACCESS EXCLUSIVE',
});

function kind(name: string, type: string, slots: (fact: Row) => string[]): Kind<IndexConstraint> {
  return {
    name,
    reference,
    summary: (fact) => `${clause(fact)} ON ${tableOf(fact)}`,
    present: present('pg_constraint', `contype = '${type}'`),
    introspect: (major) => query(type, attributes(major)),
    create: add,
    rename: renamedIn('TABLE', 'CONSTRAINT'),
    drop: (fact, scope) => ({ ...drop(fact, scope), hazards: indexLoss(fact, scope) }),
    alter: {
      definition: 'replace',
      predicate: 'replace',
      deferrable: 'replace',
      deferred: 'replace',
      options: (from, to) =>
        alterOptions(`ALTER INDEX ${index(to)}`, from.payload.options, to.payload.options),
      tablespace: (_, to) =>
        `ALTER INDEX ${index(to)} SET TABLESPACE ${quote(to.payload.tablespace ?? 'pg_default')}`,
      partitioned: 'replace',
      duplicate: () => [],
    },
    inline: {
      clause: (fact) => (fact.payload.duplicate ? null : clause(fact)),
      madeBy: (fact, scope) => madeByAttachment(fact as unknown as Fact, scope),
    },
    order: {
      followsChanges: true,
      mistakable: ({ payload: { definition, predicate } }) => constraintLikeness(definition, predicate),
      slots,
    },
    data: {
      afterRows: true,
    },
    online: promotion(add),
    reconcile: {
      atVersion: (payload) => ({ ...payload, duplicate: false }),
    },
  };
}

/** PRIMARY KEY, one a table. */
export const primaryKey = kind('primary key', 'p', (fact) => [
  ...indexSlots(fact),
  `primary key ${tableOf(fact)}`,
]);

/** UNIQUE, also NULLS NOT DISTINCT and WITHOUT OVERLAPS. */
export const unique = kind('unique', 'u', indexSlots);

/** EXCLUDE. */
export const exclusion = kind('exclusion', 'x', indexSlots);
