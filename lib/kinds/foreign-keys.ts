// Foreign keys. Those that partitions get from their parent's are not facts: the server makes and names them.
import type { Fact } from '../model/fact.ts';
import { present } from '../model/introspection.ts';
import type { Kind } from '../model/kind.ts';
import { qualify } from '../model/quote.ts';
import { deferral, definition, drop, nameOf, query, reference, tableOf } from './constraints.ts';
import { renamedIn } from './renaming.ts';

interface ForeignKey {
  readonly definition: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly validated: boolean;
  readonly enforced: boolean;
}

type Row = Fact<ForeignKey>;

const state = ({ payload }: Row) =>
  payload.enforced ? (payload.validated ? '' : ' NOT VALID') : ' NOT ENFORCED';
const clause = (fact: Row) =>
  `CONSTRAINT ${nameOf(fact)} ${fact.payload.definition}${deferral(fact.payload)}${state(fact)}`;
const alter = (fact: Row, words: string) =>
  `ALTER TABLE ${tableOf(fact)} ALTER CONSTRAINT ${nameOf(fact)} ${words}`;

const deferrable = (_: Row, to: Row) => alter(to, deferral(to.payload).trim() || 'NOT DEFERRABLE');

// It holds the table that it refers to, which may not be less durable than its own, and the key that it leans on, thereby
// the types of all columns of that, also of those that are only included.
const target = `array(select 'pg_class:' || k.confrelid || ':0'
        union all select format('pg_class:%s:%s', u.indrelid, a) from pg_index u, unnest(u.indkey::int2[]) a
        where u.indexrelid = k.conindid and a > 0)`;

/** FOREIGN KEY (manual: catalog pg_constraint, contype `f`). */
export const foreignKey: Kind<ForeignKey> = {
  name: 'foreign key',
  reference,
  summary: (fact) => `${clause(fact)} ON ${tableOf(fact)}`,
  present: present('pg_constraint', `contype = 'f'`),
  introspect: (major) =>
    query(
      'f',
      `${target} as needs, ${definition(major)} as definition, k.condeferrable as deferrable, k.condeferred as deferred,
       ${major < 18 ? 'k.convalidated as validated, true' : 'k.convalidated or not k.conenforced as validated, k.conenforced'} as enforced`,
      'k.conparentid = 0',
    ),
  create: (fact) => ({
    sql: `ALTER TABLE ${tableOf(fact)} ADD ${clause(fact)}`,
    hazards: fact.payload.validated ? ['blocks_writes', 'may_fail_on_existing_rows'] : [],
    lock: 'SHARE ROW EXCLUSIVE',
  }),
  rename: renamedIn('TABLE', 'CONSTRAINT'),
  drop,
  alter: {
    definition: 'replace',
    deferrable,
    deferred: deferrable,
    enforced: (_, to) => alter(to, to.payload.enforced ? 'ENFORCED' : 'NOT ENFORCED'),
    validated: (from, to) => {
      if (!to.payload.validated) return 'replace';
      if (!from.payload.enforced) return [];
      return {
        sql: `ALTER TABLE ${tableOf(to)} VALIDATE CONSTRAINT ${nameOf(to)}`,
        hazards: ['may_fail_on_existing_rows'],
        lock: 'SHARE UPDATE EXCLUSIVE',
      };
    },
  },
  clause: (fact) => (fact.payload.validated && fact.payload.enforced ? clause(fact) : null),
  bound: true,
  slots: (fact) => [`constraint ${qualify(fact.path)}`],
};
