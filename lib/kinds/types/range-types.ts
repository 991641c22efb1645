// Range types with their multirange types.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { makeAside, makeAsidePath } from '../tables/set-aside.ts';

interface Range {
  readonly subtype: string;
  /** Null where it is the default of the subtype. */
  readonly operatorClass: string | null;
  readonly collation: string | null;
  readonly canonical: string | null;
  readonly subtypeDifference: string | null;
  /** Unquoted schema and name. */
  readonly multirange: readonly string[];
}

type Row = Fact<Range>;

function create({ path, payload }: Row): string {
  const { subtype, operatorClass, collation, canonical, subtypeDifference, multirange } = payload;
  const options = [
    `SUBTYPE = ${subtype}`,
    operatorClass !== null && `SUBTYPE_OPCLASS = ${operatorClass}`,
    collation !== null && `COLLATION = ${collation}`,
    canonical !== null && `CANONICAL = ${canonical}`,
    subtypeDifference !== null && `SUBTYPE_DIFF = ${subtypeDifference}`,
    `MULTIRANGE_TYPE_NAME = ${qualify(multirange)}`,
  ].filter(Boolean);
  return `CREATE TYPE ${qualify(path)} AS RANGE (${options.join(', ')})`;
}

// The constructor functions keep their names when the type is renamed, and would be in the way of the new
// ones.
const rename = (from: readonly string[], to: readonly string[], ...constructors: string[]) => {
  const name = quote(to.at(-1) as string);
  return [
    `ALTER TYPE ${qualify(from)} RENAME TO ${name}`,
    ...constructors.map((inputs) => `ALTER FUNCTION ${qualify(from)}(${inputs}) RENAME TO ${name}`),
  ];
};

const renameRange = ({ subtype }: Range, from: readonly string[], to: readonly string[]) =>
  rename(from, to, `${subtype}, ${subtype}`, `${subtype}, ${subtype}, text`);

const renameMultirange = (range: readonly string[], from: readonly string[], to: readonly string[]) =>
  rename(from, to, '', qualify(range), `VARIADIC ${qualify(range)}[]`);

/** CREATE TYPE … AS RANGE (manual: catalog pg_range). */
export const rangeType: Kind<Range> = {
  name: 'range type',
  words: { multirange: 'path' },
  reference: (fact) => `TYPE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_type', `typtype = 'r'`),
  introspect: () => `
    select array['pg_type:' || t.oid || ':0'] as addresses, array[n.nspname, t.typname] as path,
      case when r.rngcanonical <> 0 then 'shell:' || t.oid end as parent, format_type(r.rngsubtype,
      null) as subtype,
      case when not o.opcdefault then quote_ident(os.nspname) || '.' || quote_ident(o.opcname) end
      as "operatorClass",
      case when r.rngcollation <> s.typcollation then r.rngcollation::regcollation end as collation,
      nullif(r.rngcanonical, 0)::regproc as canonical, nullif(r.rngsubdiff,
      0)::regproc as "subtypeDifference",
      array[mn.nspname, m.typname] as multirange
    from pg_range r join pg_type t on t.oid = r.rngtypid join pg_namespace n on n.oid = t.typnamespace
      join pg_type s on s.oid = r.rngsubtype join pg_opclass o on o.oid = r.rngsubopc
      join pg_namespace os on os.oid = o.opcnamespace
      join pg_type m on m.oid = r.rngmultitypid join pg_namespace mn on mn.oid = m.typnamespace
    where ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create,
  drop: (fact) => `DROP TYPE ${qualify(fact.path)}`,
  alter: {
    subtype: 'replace',
    operatorClass: 'replace',
    collation: 'replace',
    canonical: 'replace',
    subtypeDifference: 'replace',
    multirange: ({ payload: { multirange: from } }, { path, payload: { multirange: to } }) =>
      from[0] === to[0] ? renameMultirange(path, from, to) : 'replace',
  },
  order: {
    // With a canonical function, which names the type, it goes the way of its shell.
    inseverable: (fact) => fact.parent !== null,
    aside: {
      ...makeAside('TYPE'),
      rename: ({ path, payload }) => [
        ...renameRange(payload, path, makeAsidePath(path)),
        ...renameMultirange(makeAsidePath(path), payload.multirange, makeAsidePath(payload.multirange)),
      ],
    },
    slots: ({ path, payload }) => [`type ${qualify(path)}`, `type ${qualify(payload.multirange)}`],
  },
};
