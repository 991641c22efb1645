// Row security policies; whether they are in force is the table's.
import { shadowRole } from '../../model/catalog.ts';
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { makeRenameOn } from '../schemas/renaming.ts';

interface Policy {
  readonly permissive: boolean;
  readonly command: string;
  /** Quoted names, or PUBLIC. */
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

const reference = (fact: Fact<Policy, PartPath>) => {
  const [schema, table, name] = fact.path;
  return `POLICY ${quote(name)} ON ${qualify([schema, table])}`;
};

// The shadow's role stands for the role that runs the command.
const instead = (roles: readonly string[], name: string) =>
  roles.map((role) => (role === shadowRole ? name : role));

const body = ({ payload: { roles, using, check } }: Fact<Policy, PartPath>) =>
  [
    ` TO ${instead(roles, 'CURRENT_USER').join(', ')}`,
    using === null ? '' : ` USING (${using})`,
    check === null ? '' : ` WITH CHECK (${check})`,
  ].join('');

function change(from: Fact<Policy, PartPath>, to: Fact<Policy, PartPath>): Statement | 'replace' {
  // A condition can be changed, not taken away (manual: ALTER POLICY).
  const taken = (name: 'using' | 'check') => from.payload[name] !== null && to.payload[name] === null;
  if (taken('using') || taken('check')) return 'replace';
  return {
    sql: `ALTER ${reference(to)}${body(to)}`,
    hazards: ['changes_privileges'],
    lock: 'ACCESS EXCLUSIVE',
  };
}

/** CREATE POLICY (manual: catalog pg_policy). */
export const policy: Kind<Policy, PartPath> = {
  name: 'policy',
  reference,
  present: buildPresentQuery('pg_policy'),
  introspect: () => `
    select array['pg_policy:' || p.oid || ':0'] as addresses, array[n.nspname, c.relname, p.polname] as path,
      'pg_class:' || c.oid || ':0' as parent,
      p.polpermissive as permissive,
      case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd'
      then 'DELETE'
        else 'ALL' end as command,
      array(select case when r.oid = 0 then 'PUBLIC' else quote_ident(a.rolname) end
        from unnest(p.polroles) with ordinality r(oid, place) left join pg_roles a on a.oid = r.oid
        order by r.place) as roles,
      pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
    where ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => {
    const { permissive, command } = fact.payload;
    return {
      sql: `CREATE ${reference(fact)}${permissive ? '' : ' AS RESTRICTIVE'} FOR ${command}${body(fact)}`,
      hazards: ['changes_privileges'],
      lock: 'ACCESS EXCLUSIVE',
    };
  },
  rename: makeRenameOn('POLICY'),
  drop: (fact) => ({
    sql: `DROP ${reference(fact)}`,
    hazards: ['changes_privileges'],
    lock: 'ACCESS EXCLUSIVE',
  }),
  alter: { permissive: 'replace', command: 'replace', roles: change, using: change, check: change },
  data: { afterRows: true },
  reconcile: {
    unordered: ['roles'],
    standIn: (fact, role) =>
      fact.payload.roles.includes(shadowRole)
        ? { ...fact, payload: { ...fact.payload, roles: instead(fact.payload.roles, quote(role)) } }
        : fact,
  },
};
