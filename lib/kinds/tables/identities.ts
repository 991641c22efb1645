// GENERATED … AS IDENTITY: a fact of its own, since it can only be added to a column that is NOT NULL
// already.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { StatementScript } from '../../model/step.ts';
import {
  alterSequenceOptions,
  formatSequenceOptions,
  makeSequenceChanges,
  type SequenceOptions,
  sequenceColumns,
  setSequenceOptions,
} from '../sequences/sequence-options.ts';

// Its type is the column's and changes with it, so it is not compared.
interface Identity extends SequenceOptions {
  readonly always: boolean;
  /** Schema and name of the sequence, unquoted. */
  readonly sequence: readonly string[];
}

type Row = Fact<Identity, PartPath>;

const alter = ({ path }: Row, action: string) =>
  `ALTER TABLE ${qualify(path.slice(0, 2))} ALTER COLUMN ${quote(path[2])} ${action}`;

const kindOf = ({ payload }: Row) => (payload.always ? 'ALWAYS' : 'BY DEFAULT');

function generated(fact: Row): string {
  const { sequence } = fact.payload;
  const [schema, table, name] = fact.path;
  const usual = sequence[0] === schema && sequence[1] === `${table}_${name}_seq`;
  const options = [
    ...(usual ? [] : [`SEQUENCE NAME ${qualify(sequence)}`]),
    ...formatSequenceOptions(fact.payload),
  ];
  return `GENERATED ${kindOf(fact)} AS IDENTITY${options.length > 0 ? ` (${options.join(' ')})` : ''}`;
}

const recount = ({ payload: from }: Row, { payload: to }: Row) =>
  alterSequenceOptions(qualify(to.sequence), { ...from, type: null }, { ...to, type: null });

function create(fact: Row, { before }: Scope): StatementScript {
  const { payload, parent, path } = fact;
  const add = alter(fact, `ADD ${generated(fact)}`);
  if (!before.facts.has(parent as string)) return add;
  return [add, setSequenceOptions(qualify(payload.sequence), path, { ...payload, type: null })];
}

/**
 * Identity columns (manual: catalogs pg_attribute.attidentity, pg_sequence). Partitions share their parent's.
 */
export const identity: Kind<Identity, PartPath> = {
  name: 'identity',
  words: { sequence: 'path' },
  reference: (fact) => `SEQUENCE ${qualify(fact.payload.sequence)}`,
  summary: (fact) => `${generated(fact)} ON ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'S'`),
  introspect: () => `
    select array['pg_class:' || s.oid || ':0'] as addresses, array[n.nspname, c.relname, a.attname] as path,
      format('pg_class:%s:%s', c.oid, a.attnum) as parent, a.attnum as position,
      array[format('not_null:%s:%s', c.oid, a.attnum)] as needs, a.attidentity = 'a' as always,
      array[sn.nspname, s.relname] as sequence, ${sequenceColumns}
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
      and d.refobjsubid = a.attnum
        and d.classid = 'pg_class'::regclass and d.deptype = 'i'
      join pg_sequence q on q.seqrelid = d.objid join pg_class s on s.oid = q.seqrelid
      join pg_namespace sn on sn.oid = s.relnamespace
    where a.attidentity <> '' and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create,
  drop: (fact) => alter(fact, 'DROP IDENTITY'),
  alter: {
    always: (_, to) => alter(to, `SET GENERATED ${kindOf(to)}`),
    sequence: (from, to) => renamed(from.payload.sequence, to.payload.sequence),
    type: () => [],
    ...makeSequenceChanges(recount),
  },
  inline: { clause: generated },
  order: { slots: (fact) => [`value ${qualify(fact.path)}`, `relation ${qualify(fact.payload.sequence)}`] },
  reconcile: { atVersion: (payload) => ({ ...payload, type: null }) },
};

function renamed([schema, name]: readonly string[], [newSchema, newName]: readonly string[]): string[] {
  const here = qualify([newSchema as string, name as string]);
  return [
    ...(schema === newSchema
      ? []
      : [
          `ALTER SEQUENCE ${qualify([schema as string, name as string])} SET SCHEMA` +
            ` ${quote(newSchema as string)}`,
        ]),
    ...(name === newName ? [] : [`ALTER SEQUENCE ${here} RENAME TO ${quote(newName as string)}`]),
  ];
}
