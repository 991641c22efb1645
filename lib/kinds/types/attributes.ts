// Attributes of composite types. The columns of typed tables are inherited from them.
import type { Catalog } from '../../model/catalog.ts';
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { makeRenameIn } from '../schemas/renaming.ts';
import { mayLose } from '../tables/lost-values.ts';
import { mayFail, rewritesTable, writeConversion } from '../tables/type-conversions.ts';
import { isStored } from './stored-types.ts';

interface Attribute {
  readonly type: string;
  readonly collation: string | null;
}

type Row = Fact<Attribute, PartPath>;

const nameOf = ({ path }: Row) => quote(path[2]);
const collated = ({ type, collation }: Attribute) =>
  `${type}${collation === null ? '' : ` COLLATE ${collation}`}`;
const clause = (fact: Row) => `${nameOf(fact)} ${collated(fact.payload)}`;

const isFollowed = ({ parent }: Row, { links }: Catalog) =>
  [...links.keys()].some((edge) => edge.endsWith(`\n${parent}`));

// Without CASCADE the server refuses what typed tables would have to follow.
const alter = (fact: Row, action: string, catalog: Catalog) =>
  `ALTER TYPE ${qualify(fact.path.slice(0, 2))} ${action}${isFollowed(fact, catalog) ? ' CASCADE' : ''}`;

// Stored values are only converted when the whole type is replaced (manual: ALTER TYPE); typed tables convert
// theirs, but have no USING.
function retype(from: Row, to: Row, scope: Scope): Statement | 'replace' {
  const [a, b] = [from.payload.type, to.payload.type];
  if (isStored(to.parent as string, scope)) return 'replace';
  const followed = isFollowed(to, scope.before);
  if (followed && writeConversion(a, b, nameOf(to), scope) !== '') return 'replace';
  return {
    sql: alter(to, `ALTER ATTRIBUTE ${nameOf(to)} TYPE ${collated(to.payload)}`, scope.before),
    hazards: [
      ...(followed && rewritesTable(a, b) ? (['rewrites_table'] as const) : []),
      ...(followed && mayFail(a, b) ? (['may_fail_on_existing_rows'] as const) : []),
      ...(followed && mayLose(a, b, scope, false) ? (['loses_values'] as const) : []),
    ],
    lock: followed ? 'ACCESS EXCLUSIVE' : null,
  };
}

/** Attributes (manual: catalog pg_attribute; ALTER TYPE). */
export const attribute: Kind<Attribute, PartPath> = {
  name: 'attribute',
  reference: (fact) => `COLUMN ${qualify(fact.path)}`,
  summary: (fact) => `ATTRIBUTE ${qualify(fact.path)} ${collated(fact.payload)}`,
  present: buildPresentQuery('pg_class', `relkind = 'c'`),
  introspect: () => `
    select array[format('pg_class:%s:%s', c.oid, a.attnum)] as addresses,
      array[n.nspname, c.relname, a.attname] as path, 'pg_class:' || c.oid || ':0' as parent,
      a.attnum as position,
      format_type(a.atttypid, a.atttypmod) as type,
      case when a.attcollation <> t.typcollation then a.attcollation::regcollation end as collation
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
    where c.relkind = 'c' and ${buildOwnCondition('pg_type', 'c.reltype', 'c.relnamespace')}`,
  create: (fact, { after }) => alter(fact, `ADD ATTRIBUTE ${clause(fact)}`, after),
  rename: makeRenameIn('TYPE', 'ATTRIBUTE', 'ACCESS EXCLUSIVE', ' CASCADE'),
  drop: (fact, scope) => ({
    sql: alter(fact, `DROP ATTRIBUTE ${nameOf(fact)}`, scope.before),
    hazards: isFollowed(fact, scope.before) || isStored(fact.parent as string, scope) ? ['deletes_data'] : [],
  }),
  alter: { type: retype, collation: retype },
  inline: {
    clause,
    inseparable: true,
  },
  order: {
    // A replaced attribute would lose its place among the others, and its values.
    inseverable: (fact, { after }) => after.facts.has(fact.id),
    blockedByDependents: ['type', 'collation'],
  },
};
