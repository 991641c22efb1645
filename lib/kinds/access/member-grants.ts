// Grants on members of extensions: the privileges of one grantee on one of them, where they differ from the
// extension's.
import { shadowRole } from '../../model/catalog.ts';
import { type Fact, ownName } from '../../model/fact.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { buildUnusualAcl } from './acl-sql.ts';
import { findGrantMajor, formatGrantee, writeGrants } from './grant-statements.ts';
import { keepKnownPrivileges, listPrivileges, ownerGrantee, type Privileges } from './privileges.ts';

interface MemberGrant extends Privileges {
  /** Of a table or view, quoted; null: all of it. */
  readonly column: string | null;
  /** The privileges of the grantee after CREATE EXTENSION. */
  readonly initial: readonly string[];
  readonly initialGrantable: readonly string[];
}

type Grant = Fact<MemberGrant>;

// `ON` and what GRANT calls the member, by the catalog that it is in, with the type that acldefault knows it
// by.
const members = [
  [
    'pg_proc',
    'proacl',
    'proowner',
    `'f'`,
    `case o.prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end || o.oid::regprocedure`,
  ],
  [
    'pg_class',
    'relacl',
    'relowner',
    `case o.relkind when 'S' then 's' else 'r' end`,
    `case o.relkind when 'S' then 'SEQUENCE ' else 'TABLE ' end || o.oid::regclass`,
  ],
  ['pg_type', 'typacl', 'typowner', `'T'`, `'TYPE ' || format_type(o.oid, null)`],
  ['pg_namespace', 'nspacl', 'nspowner', `'n'`, `'SCHEMA ' || quote_ident(o.nspname)`],
  ['pg_language', 'lanacl', 'lanowner', `'l'`, `'LANGUAGE ' || quote_ident(o.lanname)`],
  [
    'pg_foreign_data_wrapper',
    'fdwacl',
    'fdwowner',
    `'F'`,
    `'FOREIGN DATA WRAPPER ' || quote_ident(o.fdwname)`,
  ],
  ['pg_foreign_server', 'srvacl', 'srvowner', `'S'`, `'FOREIGN SERVER ' || quote_ident(o.srvname)`],
]
  .map(
    ([catalog, acl, owner, type, reference]) => `
      select e.oid as extension, e.extname, o.${owner} as owner, o.${acl} as acl, ${reference} as reference,
      null as "column",
        coalesce(i.initprivs, acldefault((${type})::"char", o.${owner})) as usually
      from ${catalog} o join pg_depend d on d.classid = '${catalog}'::regclass and d.objid = o.oid
      and d.objsubid = 0
          and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
        join pg_extension e on e.oid = d.refobjid
        left join pg_init_privs i on i.classoid = d.classid and i.objoid = o.oid and i.objsubid = 0
      where o.${acl} is not null`,
  )
  .concat(
    `
      select e.oid, e.extname, c.relowner, a.attacl, 'TABLE ' || c.oid::regclass || ' (' ||
      quote_ident(a.attname) || ')',
        quote_ident(a.attname), coalesce(i.initprivs, acldefault('c', c.relowner))
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_depend d
      on d.classid = 'pg_class'::regclass
          and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e'
          and d.refclassid = 'pg_extension'::regclass
        join pg_extension e on e.oid = d.refobjid
        left join pg_init_privs i on i.classoid = d.classid and i.objoid = d.objid and i.objsubid = a.attnum
      where a.attacl is not null and not a.attisdropped`,
  )
  .join('\n      union all');

const granteeIn = ({ path }: Pick<Fact, 'path'>) => ownName(path);

const parts = ({ signature, payload: { column } }: Grant) => {
  const on = signature.slice(' ON '.length, column === null ? undefined : -` (${column})`.length);
  const [, word = ''] = /^(FOREIGN DATA WRAPPER|FOREIGN SERVER|[A-Z]+)/.exec(on) ?? [];
  const securable = column !== null ? 'COLUMNS' : word === 'PROCEDURE' ? 'FUNCTIONS' : `${word}S`;
  return { on, securable, ...(column !== null && { column }) };
};

const initially = ({ payload: { initial, initialGrantable } }: Grant): Privileges => ({
  privileges: initial,
  grantable: initialGrantable,
});

function change(from: Privileges, to: Privileges, fact: Grant, scope: Scope): Statement[] {
  const { securable, ...on } = parts(fact);
  return writeGrants(from, from, to, {
    major: findGrantMajor(scope),
    ...on,
    grantee: formatGrantee(granteeIn(fact), null),
    all: listPrivileges(securable, scope.major),
  });
}

const alter = (from: Grant, to: Grant, scope: Scope) => change(from.payload, to.payload, to, scope);

/**
 * GRANT and REVOKE on members of extensions (manual: catalog pg_init_privs). The path is extension, grantee.
 */
export const memberGrant: Kind<MemberGrant> = {
  name: 'member grant',
  reference: (fact) => `GRANT${fact.signature} TO ${formatGrantee(granteeIn(fact), null)}`,
  // PostgreSQL's own plpgsql is in every database and no fact.
  introspect: () => `
    select '{}'::text[] as addresses, array[m.extname, g.grantee] as path, ' ON ' || m.reference as signature,
      case when m.extname <> 'plpgsql' then 'pg_extension:' || m.extension || ':0' end as parent,
      m."column", g.privileges, g.grantable, g.initial, g.initial_grantable as "initialGrantable"
    from (${members}) m cross join lateral (${buildUnusualAcl('m.acl', 'm.usually', 'm.owner')}) g`,
  create: (fact, scope) => change(initially(fact), fact.payload, fact, scope),
  drop: (fact, scope) => change(fact.payload, initially(fact), fact, scope),
  alter: {
    column: () => [],
    privileges: alter,
    grantable: alter,
    initial: () => [],
    initialGrantable: () => [],
  },
  order: {
    // After the extension's own.
    rank: 3,
  },
  data: {
    ownership: true,
    afterRows: (fact) => fact.path.at(-1) === ownerGrantee,
  },
  reconcile: {
    standIn: (fact, role) => {
      if (granteeIn(fact) !== shadowRole) return fact;
      const path = [fact.path[0] ?? '', role];
      return { ...fact, path, id: `member grant:${qualify(path)}${fact.signature}` };
    },
    // In the shadow the role of the database owns the extension, and a stand-in has at most one member: its
    // foreign data wrapper.
    settled: (fact, { catalog, other, role }) => {
      const count = (extension: Fact | undefined) => Number(extension?.payload.members ?? 0);
      const [here, beside] = [catalog, other].map(({ facts }) => facts.get(fact.parent ?? ''));
      const isThere = count(beside) === 1 && fact.signature.startsWith(' ON FOREIGN DATA WRAPPER ');
      const lacks = beside !== undefined && !isThere && count(beside) <= 1 && count(beside) < count(here);
      const isOwn = other.role === shadowRole && role !== shadowRole && granteeIn(fact) === role;
      return lacks || isOwn ? null : fact;
    },
    atVersion: (payload, major) => ({ ...payload, ...keepKnownPrivileges(payload, major) }),
  },
};
