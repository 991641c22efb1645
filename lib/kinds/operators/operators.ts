// Operators. Commutators and negators are pairs: each of the two names the other, and the server keeps both
// in step.
import type { Catalog } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';

interface Operator {
  /**
   * Null: so far only a name, promised by another operator as its partner (manual: CREATE OPERATOR, "shell").
   */
  readonly function: string | null;
  readonly left: string | null;
  readonly right: string;
  /** `public.===`, with the same arguments the other way round. */
  readonly commutator: string | null;
  /** `public.!==`, with the same arguments. */
  readonly negator: string | null;
  readonly restrict: string | null;
  readonly join: string | null;
  readonly hashes: boolean;
  readonly merges: boolean;
}

const nameOf = ({ path: [schema = '', name] }: Pick<Fact, 'path'>) => `${quote(schema)}.${name}`;
const set = (fact: Fact<Operator>, what: string) =>
  `ALTER OPERATOR ${nameOf(fact)} ${fact.signature} SET (${what})`;

// Creating an operator sets this side of a partner that is there, dropping it clears it (manual: CREATE
// OPERATOR).
function pair(name: 'commutator' | 'negator') {
  const partner = ({ payload, signature }: Fact<Operator>, { facts }: Catalog) => {
    const types = name === 'negator' ? signature : `(${payload.right}, ${payload.left ?? 'NONE'})`;
    return [...facts.values()].find(
      (fact) => fact.kind === 'operator' && nameOf(fact) === payload[name] && fact.signature === types,
    ) as Fact<Operator> | undefined;
  };
  return (from: Fact<Operator>, to: Fact<Operator>, { before, after, major }: Scope) => {
    if (from.payload[name] !== null && partner(from, after) !== undefined) return 'replace';
    if (to.payload[name] === null) return [];
    const isNew = partner(to, after)?.payload.function && !partner(to, before)?.payload.function;
    if (isNew) return [];
    return major < 17 ? 'replace' : set(to, `${name.toUpperCase()} = OPERATOR(${to.payload[name]})`);
  };
}

// Can be added since 17, never taken away.
function flag(name: 'hashes' | 'merges') {
  return (_: Fact<Operator>, to: Fact<Operator>, { major }: Scope) =>
    to.payload[name] && major >= 17 ? set(to, name.toUpperCase()) : 'replace';
}

function create(fact: Fact<Operator>): string | [] {
  if (fact.payload.function === null) return [];
  const { left, right, commutator, negator, restrict, join, hashes, merges } = fact.payload;
  const parts = [
    `FUNCTION = ${fact.payload.function}`,
    left !== null && `LEFTARG = ${left}`,
    `RIGHTARG = ${right}`,
    commutator !== null && `COMMUTATOR = OPERATOR(${commutator})`,
    negator !== null && `NEGATOR = OPERATOR(${negator})`,
    restrict !== null && `RESTRICT = ${restrict}`,
    join !== null && `JOIN = ${join}`,
    hashes && 'HASHES',
    merges && 'MERGES',
  ];
  return `CREATE OPERATOR ${nameOf(fact)} (\n  ${parts.filter(Boolean).join(',\n  ')}\n)`;
}

/** CREATE OPERATOR (manual: catalog pg_operator). */
export const operator: Kind<Operator> = {
  name: 'operator',
  reference: (fact) => `OPERATOR ${nameOf(fact)} ${fact.signature}`,
  present: buildPresentQuery('pg_operator'),
  introspect: () => `
    select array['pg_operator:' || o.oid || ':0'] as addresses, array[n.nspname, o.oprname] as path,
      format('(%s, %s)', coalesce(format_type(nullif(o.oprleft, 0), null), 'NONE'), format_type(o.oprright,
      null)) as signature,
      nullif(o.oprcode, 0)::regproc as function,
      format_type(nullif(o.oprleft, 0), null) as left, format_type(o.oprright, null) as right,
      quote_ident(cn.nspname) || '.' || c.oprname as commutator,
      quote_ident(nn.nspname) || '.' || g.oprname as negator,
      nullif(o.oprrest, 0)::regproc as restrict, nullif(o.oprjoin, 0)::regproc as join,
      o.oprcanhash as hashes, o.oprcanmerge as merges
    from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
      left join pg_operator c on c.oid = o.oprcom left join pg_namespace cn on cn.oid = c.oprnamespace
      left join pg_operator g on g.oid = o.oprnegate left join pg_namespace nn on nn.oid = g.oprnamespace
    where ${buildOwnCondition('pg_operator', 'o.oid', 'o.oprnamespace')}`,
  create,
  drop: (fact) => `DROP OPERATOR ${nameOf(fact)} ${fact.signature}`,
  alter: {
    function: (from, to) => (from.payload.function === null ? create(to) : 'replace'),
    left: 'replace',
    right: 'replace',
    commutator: pair('commutator'),
    negator: pair('negator'),
    restrict: (_, to) => set(to, `RESTRICT = ${to.payload.restrict ?? 'NONE'}`),
    join: (_, to) => set(to, `JOIN = ${to.payload.join ?? 'NONE'}`),
    hashes: flag('hashes'),
    merges: flag('merges'),
  },
};
