// The column that owns a sequence: a fact that is an edge, so that the sequence can come before the table and
// its default.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { formatGrantee } from '../access/grant-statements.ts';
import { findOwner } from '../schemas/targets.ts';
import { type SequenceOptions, setSequenceOptions } from './sequence-options.ts';

interface Ownership {
  /** Schema, table and column, unquoted. */
  readonly column: readonly string[];
}

const own = ({ path }: Fact<Ownership>, column: string) =>
  `ALTER SEQUENCE ${qualify(path)} OWNED BY ${column}`;
const set = (fact: Fact<Ownership>) => own(fact, qualify(fact.payload.column));

// Both must have the same owner (manual: ALTER SEQUENCE), and each may be changing its owner, or be replaced.
function join(fact: Fact<Ownership>, { before, after, role }: Scope, free: readonly string[]): string[] {
  const column = after.facts.get(`column:${qualify(fact.payload.column)}`);
  const owner = findOwner(after, column);
  const [table, sequence] = [column?.parent, fact.parent].map((id) => before.facts.get(id ?? ''));
  const made = [table, sequence].map((old) => (old === undefined ? role : findOwner(before, old)));
  const same = owner === role ? made.every((one) => one === owner) : !table && !sequence;
  if (owner === null || same) return [set(fact)];
  const names = [`TABLE ${qualify(fact.payload.column.slice(0, 2))}`, `SEQUENCE ${qualify(fact.path)}`];
  return [...free, ...names.map((name) => `ALTER ${name} OWNER TO ${formatGrantee(owner, null)}`), set(fact)];
}

// A new sequence may come to a column that has numbers already.
function follow({ path, parent, payload }: Fact<Ownership>, { before, after }: Scope): string[] {
  const column = before.facts.get(`column:${qualify(payload.column)}`);
  const numbers = ['smallint', 'integer', 'bigint'].includes(`${column?.payload.type}`);
  if (!numbers || before.facts.has(parent as string)) return [];
  const { payload: counter } = after.facts.get(parent as string) as unknown as Fact<SequenceOptions>;
  return [setSequenceOptions(qualify(path), payload.column, counter)];
}

/** ALTER SEQUENCE … OWNED BY (manual: pg_depend, deptype `a`). */
export const sequenceOwnership: Kind<Ownership> = {
  name: 'sequence ownership',
  words: { column: 'path' },
  reference: (fact) => `SEQUENCE ${qualify(fact.path)}`,
  summary: (fact) => `SEQUENCE ${qualify(fact.path)} OWNED BY ${qualify(fact.payload.column)}`,
  present: buildPresentQuery('pg_class', `relkind = 'S'`),
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.relname] as path,
    'pg_class:' || c.oid || ':0' as parent,
      array[format('pg_class:%s:0>pg_class:%s:%s', c.oid, t.oid, d.refobjsubid)] as edges,
      array[tn.nspname, t.relname, a.attname] as column
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'a'
        and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
      join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
      join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where c.relkind = 'S' and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  // It can only be set once its table exists.
  printsUnder: (fact) => `column:${qualify(fact.payload.column)}`,
  create: (fact, scope) => [...join(fact, scope, []), ...follow(fact, scope)],
  drop: (fact) => own(fact, 'NONE'),
  alter: { column: (_, to, scope) => join(to, scope, [own(to, 'NONE')]) },
};
