// Default privileges: the privileges of a grantee on objects that a role will create.
import { shadowRole } from '../../model/catalog.ts';
import { type Fact, ownName } from '../../model/fact.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { formatClass } from '../schemas/targets.ts';
import { buildUnusualAcl } from './acl-sql.ts';
import { findGrantMajor, formatGrantee, writeGrants } from './grant-statements.ts';
import { computeInitialPrivileges, findCreator } from './initial-privileges.ts';
import { settlePrivileges } from './owner-privileges.ts';
import {
  getDefaultPrivileges,
  keepKnownPrivileges,
  listPrivileges,
  noPrivileges,
  ownerGrantee,
  type Privileges,
} from './privileges.ts';

type DefaultPrivilege = Fact<Privileges>;

/** The role, the schema if it is for one only, and the grantee. */
function parts({ path, signature }: Pick<Fact, 'path' | 'signature'>) {
  const [role = '', schema = null] = path.length === 3 ? path : [path[0]];
  return { role, schema, grantee: ownName(path), securable: signature.slice(' ON '.length) };
}

function change(from: Privileges, to: Privileges, fact: DefaultPrivilege, scope: Scope): Statement[] {
  const { role, schema, grantee, securable } = parts(fact);
  const whose = role === shadowRole ? null : role;
  const forRole = whose === null ? '' : `FOR ROLE ${quote(whose)} `;
  return writeGrants(from, from, to, {
    major: findGrantMajor(scope),
    before: `ALTER DEFAULT PRIVILEGES ${forRole}${schema === null ? '' : `IN SCHEMA ${quote(schema)} `}`,
    on: securable,
    grantee: formatGrantee(grantee, whose),
    all: listPrivileges(securable, scope.major),
  });
}

// For all schemas they replace the built-in default; for one schema they add to it.
function start(fact: Pick<Fact, 'path' | 'signature'>, { major }: Pick<Scope, 'major'>): Privileges {
  const { schema, grantee, securable } = parts(fact);
  return schema === null ? getDefaultPrivileges(securable, grantee, major) : noPrivileges;
}

const alter = (from: DefaultPrivilege, to: DefaultPrivilege, scope: Scope) =>
  change(from.payload, to.payload, to, scope);

function brings(fact: DefaultPrivilege, created: Fact, scope: Scope): Fact[] {
  const { role, schema, grantee, securable } = parts(fact);
  const object = created.parent === null || created.kind === 'identity';
  if (!object || role !== findCreator(scope) || formatClass(created, scope) !== securable) return [];
  if (schema !== null && schema !== created.path[0]) return [];
  const grant = { path: [...created.path, grantee], parent: created.id };
  const usually = getDefaultPrivileges(securable, grantee, scope.major);
  const payload = computeInitialPrivileges(grant, usually, scope);
  if (
    grantee === ownerGrantee &&
    writeGrants(payload, payload, usually, { on: '', grantee: '', all: [], major: findGrantMajor(scope) })
      .length === 0
  )
    return [];
  const id = `grant:${qualify([grantee])}@${created.id}`;
  return [{ ...grant, id, kind: 'grant', signature: '', origins: [], position: 0, payload: { ...payload } }];
}

/**
 * ALTER DEFAULT PRIVILEGES (manual: catalog pg_default_acl). The path is role, schema if for one, grantee.
 */
export const defaultPrivilege: Kind<Privileges> = {
  name: 'default privilege',
  reference: (fact) =>
    `DEFAULT PRIVILEGES FOR ${qualify(fact.path.slice(0, -1))}${fact.signature} TO` +
    ` ${formatGrantee(parts(fact).grantee, parts(fact).role)}`,
  present: 'exists (select from pg_default_acl)',
  introspect: () => `
    select '{}'::text[] as addresses, array_remove(array[r.rolname, n.nspname, g.grantee], null) as path,
      ' ON ' || case d.defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f'
      then 'FUNCTIONS'
        when 'T' then 'TYPES' when 'n' then 'SCHEMAS' else 'LARGE OBJECTS' end as signature,
      case when n.oid is not null then 'pg_namespace:' || n.oid || ':0' end as parent, g.privileges,
      g.grantable
    from pg_default_acl d join pg_roles r on r.oid = d.defaclrole left join pg_namespace n
    on n.oid = d.defaclnamespace
      cross join lateral (${buildUnusualAcl(
        'd.defaclacl',
        `case when d.defaclnamespace <> 0 then acldefault('c', d.defaclrole)
          else acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole) end`,
        'd.defaclrole',
      )}) g`,
  create: (fact, scope) => change(start(fact, scope), fact.payload, fact, scope),
  drop: (fact, scope) => change(fact.payload, start(fact, scope), fact, scope),
  alter: { privileges: alter, grantable: alter },
  inline: { brings },
  order: {
    // After everything that is made, so that none of it is made under them.
    rank: 9,
  },
  data: {
    ownership: true,
    afterRows: true,
  },
  reconcile: {
    atVersion: keepKnownPrivileges,
    standIn: (fact, role) => {
      const path = fact.path.map((name) => (name === shadowRole ? role : name));
      return { ...fact, path, id: `default privilege:${qualify(path)}${fact.signature}` };
    },
    settled: (fact, { catalog }) =>
      settlePrivileges(fact, {
        catalog,
        owner: parts(fact).role,
        idOf: (path) => `default privilege:${qualify(path)}${fact.signature}`,
        usually: (own) => start(own, catalog),
      }),
  },
};
