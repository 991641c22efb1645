// Grants: the privileges of one grantee on one object, where they differ from the default.
import { type Catalog, shadowRole } from '../../model/catalog.ts';
import { type Fact, ownName } from '../../model/fact.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { describeParent, findOwner, formatClass, formatSecurable, getTarget } from '../schemas/targets.ts';
import { buildUnusualAcl, defaultAcl, objectsWithAcls } from './acl-sql.ts';
import { findGrantMajor, formatGrantee, writeGrants } from './grant-statements.ts';
import { computeInitialPrivileges } from './initial-privileges.ts';
import { settlePrivileges } from './owner-privileges.ts';
import {
  getDefaultPrivileges,
  intersectPrivileges,
  keepKnownPrivileges,
  listPrivileges,
  noPrivileges,
  ownerGrantee,
  type Privileges,
  publicGrantee,
  unitePrivileges,
} from './privileges.ts';

const byTable = new WeakMap<Catalog, ReadonlyMap<string, readonly Fact<Privileges>[]>>();

/** The grants to the same grantee, before and after, on the columns of this grant's table. */
function columnGrants(
  { path, parent }: Pick<Fact, 'path' | 'parent'>,
  { before, after }: Scope,
): readonly Fact<Privileges>[] {
  let index = byTable.get(after);
  if (index === undefined) {
    index = indexed(after);
    byTable.set(after, index);
  }
  const all = index.get(parent as string) ?? [];
  return all.filter((other) => other.path.at(-1) === path.at(-1) && before.facts.has(other.id));
}

function indexed({ facts }: Catalog): Map<string, Fact<Privileges>[]> {
  const index = new Map<string, Fact<Privileges>[]>();
  for (const fact of facts.values() as Iterable<Fact<Privileges>>) {
    const table = fact.kind === 'grant' ? facts.get(fact.parent as string)?.parent : null;
    if (table != null) index.set(table, [...(index.get(table) ?? []), fact]);
  }
  return index;
}

type Grant = Fact<Privileges>;

/** True if a fact grants CREATE on a schema to a role that need not own it. */
export const letsCreate = ({ kind, parent, path, payload }: Fact<unknown>): boolean =>
  kind === 'grant' &&
  parent?.startsWith('schema:') === true &&
  ownName(path) !== ownerGrantee &&
  (payload as Privileges).privileges.includes('CREATE');

const granteeIn = (fact: Fact<unknown>) => ownName(fact.path);

// initdb gives PUBLIC the use of the schema `public` (source: pg_namespace.dat, initdb.c).
function usually(fact: Grant, scope: Pick<Scope, 'before' | 'after' | 'major' | 'kinds'>): Privileges {
  const target = getTarget(fact, scope);
  const inPublic =
    target.kind === 'schema' && target.path[0] === 'public' && granteeIn(fact) === publicGrantee;
  if (inPublic) return { privileges: ['USAGE'], grantable: [] };
  return getDefaultPrivileges(formatClass(target, scope), granteeIn(fact), scope.major);
}

// From the privileges that the grantee has at least, and at most.
function change(
  [least, most]: readonly [Privileges, Privileges],
  to: Privileges,
  fact: Grant,
  scope: Scope,
): Statement[] {
  const target = getTarget(fact, scope);
  const column = formatClass(target, scope) === 'COLUMNS';
  const catalog = scope.after.facts.has(target.id) ? scope.after : scope.before;
  return writeGrants(least, most, to, {
    major: findGrantMajor(scope),
    on: column ? `TABLE ${qualify(target.path.slice(0, 2))}` : formatSecurable(target, scope),
    grantee: formatGrantee(granteeIn(fact), findOwner(catalog, target)),
    all: listPrivileges(formatClass(target, scope), scope.major),
    ...(column ? { column: quote(ownName(target.path)) } : {}),
  });
}

// A privilege that is revoked from a table is revoked from its columns too (manual: REVOKE), so those are
// granted again.
function columnsAgain(from: Privileges, to: Privileges, fact: Grant, scope: Scope): Statement[] {
  const revoked = from.privileges.filter((name) => !to.privileges.includes(name));
  const lost = (names: readonly string[]) => names.filter((name) => revoked.includes(name));
  return columnGrants(fact, scope).flatMap((other) => {
    const { privileges, grantable } = other.payload;
    const again = { privileges: lost(privileges), grantable: lost(grantable) };
    const now = scope.after.facts.has(fact.id) ? scope : withOldOwner(fact, scope);
    return change([noPrivileges, noPrivileges], again, other, now);
  });
}

// Privileges on an object that is there are taken away before it gets another owner, who would take over the
// old one's.
const withOldOwner = ({ parent }: Grant, scope: Scope): Scope =>
  scope.before.facts.has(parent as string) ? { ...scope, after: scope.before } : scope;

const alter = (from: Grant, to: Grant, scope: Scope) => [
  ...change([from.payload, from.payload], to.payload, to, scope),
  ...columnsAgain(from.payload, to.payload, to, scope),
];

/** GRANT and REVOKE (manual: "Privileges"). The path ends with the grantee. */
export const grant: Kind<Privileges> = {
  name: 'grant',
  reference: (fact) => `GRANT ON ${describeParent(fact)} TO ${formatGrantee(granteeIn(fact), null)}`,
  introspect: () => `
    select '{}'::text[] as addresses, array[g.grantee] as path, format('%s:%s:%s', o.catalog, o.oid,
    o.sub) as target,
      o.sub as position,
      g.privileges, g.grantable
    from (${objectsWithAcls}) o
      cross join lateral (${buildUnusualAcl('o.acl', defaultAcl, 'o.owner')}) g`,
  // A new object has the default privileges; the parent may also be an existing object, which has the
  // built-in default.
  create: (fact, scope) => {
    const fresh = computeInitialPrivileges(fact, usually(fact, scope), scope);
    const old = scope.before.facts.has(fact.parent as string) ? usually(fact, scope) : fresh;
    const most = unitePrivileges(fresh, old);
    return [
      ...change([intersectPrivileges(fresh, old), most], fact.payload, fact, scope),
      ...columnsAgain(most, fact.payload, fact, scope),
    ];
  },
  drop: (fact, scope) => {
    const to = usually(fact, scope);
    return [
      ...change([fact.payload, fact.payload], to, fact, withOldOwner(fact, scope)),
      ...columnsAgain(fact.payload, to, fact, scope),
    ];
  },
  alter: { privileges: alter, grantable: alter },
  order: {
    followsChanges: true,
    // After the owner, whose own privileges it may take away; but a new owner needs CREATE on the schema.
    rank: (fact) => (letsCreate(fact) ? -1 : 3),
  },
  data: {
    ownership: true,
    // Grants for functions that run on rows come before the rows; an owner may have revoked its own right to
    // write rows.
    afterRows: (fact) => granteeIn(fact) === ownerGrantee,
  },
  reconcile: {
    standIn: (fact, role) =>
      granteeIn(fact) === shadowRole
        ? { ...fact, id: fact.id.replace(shadowRole, quote(role)), path: [...fact.path.slice(0, -1), role] }
        : fact,
    settled: (fact, { catalog, role, kinds }) =>
      settlePrivileges(fact, {
        catalog,
        owner: findOwner(catalog, catalog.facts.get(fact.parent as string)) ?? role,
        idOf: (path) => `grant:${quote(ownName(path))}@${fact.parent}`,
        usually: (own) => usually(own, { before: catalog, after: catalog, major: catalog.major, kinds }),
      }),
    atVersion: keepKnownPrivileges,
  },
};
