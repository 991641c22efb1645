// NOT NULL: a flag of the column until PostgreSQL 17, a named constraint since 18; one fact for both.
import { edgeKey } from '../../model/catalog.ts';
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { findHolder, quoteTable, validateConstraint } from '../constraints/constraints.ts';
import { runSince } from '../schemas/renaming.ts';
import { alterTable } from './alter-table.ts';
import { isFromParent, isOfPlainTable } from './inheritances.ts';
import { likeParent } from './new-partitions.ts';
import { checkNulls } from './row-checks.ts';

/** The statements around the one that sets it; null: it cannot be held against a check of its own. */
function validateByCheck(
  fact: Fact<{ readonly noInherit: boolean; readonly validated: boolean }, PartPath>,
  scope: Scope,
  set: Statement,
): readonly Statement[] | null {
  const { noInherit, validated } = fact.payload;
  if (noInherit || !validated || findHolder(fact, scope) === undefined) return null;
  const [, , column] = fact.path;
  // Apart from the name that the server gives to the constraint itself.
  const check = quote(`pgmage_${fact.position}_not_null`);
  const alter = `ALTER TABLE ${quoteTable(fact)}`;
  return [
    {
      sql: `${alter} ADD CONSTRAINT ${check} CHECK (${quote(column)} IS NOT NULL) NOT VALID`,
      lock: 'ACCESS EXCLUSIVE',
    },
    { ...validateConstraint(fact, check), checks: [checkNulls(fact)] },
    { ...set, hazards: [], checks: [] },
    { sql: `${alter} DROP CONSTRAINT ${check}`, lock: 'ACCESS EXCLUSIVE' },
  ];
}

type Facts = ReadonlyMap<string, Fact>;

const bySchema = new WeakMap<Facts, ReadonlyMap<string, readonly string[]>>();

type Named = Fact<{ readonly name: string }>;

/** True if the server would choose the name of a NOT NULL itself. */
function hasDefaultName(fact: Named, scope: Scope): boolean {
  return fact.payload.name === computeDefaultName(fact, scope);
}

/**
 * The name that the server gives to a NOT NULL. undefined: it chooses another one, because a constraint of
 * the same schema has that name, or it is too long. Heirs inherit the names of their parents.
 */
function computeDefaultName({ id, kind, path }: Named, scope: Scope): string | undefined {
  const { before, after } = scope;
  const name = `${path[1]}_${path[2]}_not_null`;
  const key = `${path[0]}\n${name}`;
  const isFree =
    (holders(kind, before.facts).get(key) ?? []).every((other) => other === id) &&
    (holders(kind, after.facts).get(key) ?? []).every((other) => other === id || getsBy(other, id, scope));
  return isFree && Buffer.byteLength(name) <= 63 ? name : undefined;
}

// True if an heir gets its NOT NULL from an origin, or is created after it.
function getsBy(id: string, origin: string, scope: Scope): boolean {
  const { after, makes } = scope;
  const { origins = [], outlives = false, parent } = after.facts.get(id) ?? {};
  if (outlives || !makes(id)) return false;
  const table = (column: string | null | undefined) => `${after.facts.get(`${column}`)?.parent}`;
  return origins.some((other) => {
    const link = after.links.get(edgeKey(table(parent), table(after.facts.get(other)?.parent)));
    const isReached = makes(table(parent)) || (link !== undefined && !makes(link));
    return isReached && (other === origin || getsBy(other, origin, scope));
  });
}

function holders(kind: string, facts: Facts): ReadonlyMap<string, readonly string[]> {
  const known = bySchema.get(facts);
  if (known !== undefined) return known;
  const index = new Map<string, string[]>();
  for (const fact of facts.values()) {
    if (fact.kind !== kind) continue;
    const key = `${fact.path[0]}\n${fact.payload.name}`;
    index.set(key, [...(index.get(key) ?? []), fact.id]);
  }
  bySchema.set(facts, index);
  return index;
}

interface NotNull {
  /** As the server names it by itself, `table_column_not_null`, or otherwise. */
  readonly name: string;
  readonly noInherit: boolean;
  readonly validated: boolean;
}

type Row = Fact<NotNull, PartPath>;

const tableOf = ({ path }: Row) => qualify(path.slice(0, 2));
const column = ({ path }: Row) => quote(path[2]);
function add(fact: Row, scope: Scope): Statement {
  const { name, noInherit, validated } = fact.payload;
  const plain =
    scope.major < 18 || !hasNames(scope) || (hasDefaultName(fact, scope) && !noInherit && validated);
  const options = `${noInherit ? ' NO INHERIT' : ''}${validated ? '' : ' NOT VALID'}`;
  const action = plain
    ? `ALTER COLUMN ${column(fact)} SET NOT NULL`
    : `ADD CONSTRAINT ${quote(name)} NOT NULL ${column(fact)}${options}`;
  return alterTable(tableOf(fact), action, 'set', {
    lock: 'ACCESS EXCLUSIVE',
    ...(validated ? cost(fact) : {}),
  });
}

// The server looks at each row.
const cost = (fact: Row): Pick<Statement, 'hazards' | 'lock' | 'checks'> => ({
  hazards: ['may_fail_on_existing_rows', 'blocks_reads'],
  lock: 'ACCESS EXCLUSIVE',
  checks: [checkNulls(fact, fact.payload.noInherit)],
});

// Before 18 the server has no names for them; the one in the payload is made up and may be too long.
const hasNames = ({ after }: Scope) => after.major >= 18;

// A server that knows no names of them passes this over.
function named(fact: Row, scope: Scope): string[] {
  const { name, noInherit, validated } = fact.payload;
  const usual = computeDefaultName(fact, scope);
  const isKnown = scope.major < 18 && scope.after.major >= 18 && !noInherit && validated;
  if (!isKnown || usual === undefined || usual === name) return [];
  return [runSince(18, `ALTER TABLE ${tableOf(fact)} RENAME CONSTRAINT ${quote(usual)} TO ${quote(name)}`)];
}

// Its heirs keep theirs, whose name the command of their parent then no longer changes.
const endsWithHeirs = (from: Row, to: Row) => to.payload.noInherit && !from.payload.noInherit;

const inherit = (fact: Row, name: string): Statement => ({
  sql:
    `ALTER TABLE ${tableOf(fact)} ALTER CONSTRAINT ${quote(name)}` +
    ` ${fact.payload.noInherit ? 'NO INHERIT' : 'INHERIT'}`,
  ...(fact.payload.noInherit ? {} : cost(fact)),
});

const flagQuery = `
    select array[format('not_null:%s:%s', c.oid, a.attnum)] as addresses, array[n.nspname, c.relname,
    a.attname] as path,
      format('pg_class:%s:%s', c.oid, a.attnum) as parent, a.attnum as position,
      case when a.attinhcount > 0 then (select array_agg(format('not_null:%s:%s', i.inhparent, p.attnum))
        from pg_inherits i join pg_attribute p on p.attrelid = i.inhparent and p.attname = a.attname
        and p.attnotnull
        where i.inhrelid = c.oid) end as origins,
      c.relname || '_' || a.attname || '_not_null' as name, false as "noInherit", true as validated
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where a.attnotnull and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f')
      and c.relpersistence <> 't' and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`;

const constraintQuery = `
    select array['pg_constraint:' || k.oid || ':0', format('not_null:%s:%s', c.oid, a.attnum)] as addresses,
      array[n.nspname, c.relname, a.attname] as path, format('pg_class:%s:%s', c.oid, a.attnum) as parent,
      a.attnum as position,
      case when k.coninhcount > 0 then (select array_agg(format('not_null:%s:%s', i.inhparent, p.attnum))
        from pg_inherits i join pg_attribute p on p.attrelid = i.inhparent and p.attname = a.attname
        and p.attnotnull
        where i.inhrelid = c.oid) end as origins, k.conislocal and k.coninhcount > 0 as outlives,
      k.conname as name, k.connoinherit as "noInherit", k.convalidated as validated
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
    where k.contype = 'n' and c.relkind in ('r', 'p', 'f')
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`;

/** NOT NULL (manual: pg_attribute.attnotnull; pg_constraint.contype `n`). */
export const notNull: Kind<NotNull, PartPath> = {
  name: 'not null',
  reference: (fact) => `CONSTRAINT ${quote(fact.payload.name)} ON ${tableOf(fact)}`,
  summary: (fact) => `NOT NULL ON ${qualify(fact.path)}`,
  introspect: (major) => (major < 18 ? flagQuery : constraintQuery),
  create: (fact, scope) => [add(fact, scope), ...named(fact, scope)],
  drop: (fact, { alone }) =>
    alterTable(
      `${alone(fact.id) ? 'ONLY ' : ''}${tableOf(fact)}`,
      `ALTER COLUMN ${column(fact)} DROP NOT NULL`,
      'drop',
    ),
  alter: {
    name: (from, to, { major, after }) => {
      if (after.major < 18) return [];
      const sql =
        `ALTER TABLE ${tableOf(to)} RENAME CONSTRAINT ${quote(from.payload.name)} TO` +
        ` ${quote(to.payload.name)}`;
      if (major < 18) return runSince(18, sql);
      return endsWithHeirs(from, to) ? [inherit(to, from.payload.name), sql] : sql;
    },
    noInherit: (from, to) =>
      endsWithHeirs(from, to) && from.payload.name !== to.payload.name ? [] : inherit(to, to.payload.name),
    validated: (_, to) => (to.payload.validated ? validateConstraint(to, quote(to.payload.name)) : 'replace'),
  },
  inline: {
    clause: (fact, scope) => {
      if (likeParent(`table:${tableOf(fact)}`, scope) !== null) return '';
      const { name, noInherit, validated } = fact.payload;
      if (isInherited(fact, scope) && !fact.outlives) return '';
      if (!validated) return null;
      if (isInherited(fact, scope) && scope.after.facts.get(`${fact.parent}`)?.payload.local !== true)
        return scope.major < 18 ? null : '';
      const isNamed = hasNames(scope) && !hasDefaultName(fact, scope);
      return `${isNamed ? `CONSTRAINT ${quote(name)} ` : ''}NOT NULL${noInherit ? ' NO INHERIT' : ''}`;
    },
  },
  order: {
    dropsAlone: isOfPlainTable,
    recurses: ['name', 'noInherit', 'validated'],
    detached: ['name'],
    followsChanges: true,
  },
  data: {
    watchesRows: true,
    afterRows: ({ payload }) => !payload.validated,
  },
  online: { create: (fact, scope) => validateByCheck(fact, scope, add(fact, scope)) },
  reconcile: {
    atVersion: (payload, major) =>
      major < 18 ? { ...payload, name: '', noInherit: false, validated: true } : payload,
  },
};

/**
 * The constraint that a new heir has besides those of its parents, on a column that it only inherits; an
 * empty text: there is none, or an older server, which has no word for it.
 */
export function writeLocalNotNull({ id, path }: Fact<unknown, PartPath>, scope: Scope): string {
  const fact = scope.after.facts.get(`not null:${id.slice(id.indexOf(':') + 1)}`) as Row | undefined;
  if (scope.major < 18 || !fact?.outlives || !fact.payload.validated || !isInherited(fact, scope)) return '';
  return `CONSTRAINT ${quote(fact.payload.name)} NOT NULL ${quote(path[2])}`;
}

// A partition is written with all its columns and then attached; a new heir gets its parents' from INHERITS,
// and one that is there already gets them before it becomes one.
const isInherited = (fact: Row, scope: Scope) =>
  isFromParent(fact, scope) && scope.makes(`${scope.after.facts.get(`${fact.parent}`)?.parent}`);
