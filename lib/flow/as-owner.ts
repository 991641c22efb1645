// Runs work as the owner of a table: its code (checks, generated columns, domains, casts) has that role's
// rights and cannot leave them.
import { literal, qualify, quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';

/** An owner that is another role than the session's, and no superuser. */
export interface TableOwner {
  readonly role: string;
  /** SQL that lends the needed rights: on the schema, to insert, without rules and forced row security. */
  readonly lend: string;
  readonly takeBack: string;
}

interface Row {
  readonly path: readonly [schema: string, name: string];
  readonly owner: string;
  readonly enters: boolean;
  readonly writes: boolean;
  readonly forced: boolean;
  readonly rules: readonly (readonly [name: string, state: 'O' | 'R' | 'A'])[];
}

// The roles whose rights a session has, and those that it may switch to: SET since 16, membership before
// (manual: "Role Membership").
const settable = (major: number) => (major >= 16 ? 'SET' : 'MEMBER');

const owned = (major: number) => `
  select pg_catalog.json_build_array(n.nspname, o.name) as path, r.rolname::pg_catalog.text as owner,
  o.forced, o.writes, o.rules,
    pg_catalog.has_schema_privilege(o.owner, o.home, 'USAGE') as enters
  from (
      select c.relnamespace as home, c.relname as name, c.relowner as owner, c.relforcerowsecurity as forced,
        pg_catalog.has_table_privilege(c.relowner, c.oid, 'INSERT') as writes,
        pg_catalog.to_json(array(select pg_catalog.json_build_array(w.rulename, w.ev_enabled)
        from pg_catalog.pg_rewrite w
          where w.ev_class = c.oid and w.ev_type = '3' and w.ev_enabled <> 'D' order by w.rulename)) as rules
      from pg_catalog.pg_class c where c.relkind in ('r', 'p')
      union all
      select t.typnamespace, t.typname, t.typowner, false, true, '[]' from pg_catalog.pg_type t
      where t.typtype = 'd') o
    join pg_catalog.pg_namespace n on n.oid = o.home
    join pg_catalog.pg_roles r on r.oid = o.owner
    join pg_catalog.pg_roles me on me.rolname = current_user
  where r.oid <> me.oid and not r.rolsuper and n.nspname not in ('pg_catalog', 'information_schema')
    and (me.rolsuper
      or pg_catalog.pg_has_role(o.owner, 'USAGE') and pg_catalog.pg_has_role(o.owner, '${settable(major)}')
        and pg_catalog.has_database_privilege(o.owner, pg_catalog.current_database(), 'TEMPORARY')
        and (pg_catalog.has_schema_privilege(o.owner, o.home, 'USAGE') or pg_catalog.pg_has_role(n.nspowner,
        'USAGE')))`;

/**
 * The tables and domains of other roles, by qualified name, that the session can work on as their owner.
 * Superusers are left out. So are, for a session of no superuser, owners that may not make temporary objects
 * (`runAsOwner` gives them one).
 * @throws Problem of the connection
 */
export async function readOwners(connection: Connection): Promise<ReadonlyMap<string, TableOwner>> {
  const rows = await connection.rows<Row>(owned(connection.major));
  return new Map(rows.map((row) => [qualify(row.path), ownerOf(row)]));
}

const firing = { O: 'enable', R: 'enable replica', A: 'enable always' };

function ownerOf({ path, owner, enters, writes, forced, rules }: Row): TableOwner {
  const table = `table only ${qualify(path)}`;
  const name = quote(owner);
  const usage = `usage on schema ${quote(path[0])}`;
  const insert = `insert on table ${qualify(path)}`;
  return {
    role: owner,
    lend: [
      ...(enters ? [] : [`grant ${usage} to ${name}`]),
      ...(writes ? [] : [`grant ${insert} to ${name}`]),
      ...(forced ? [`alter ${table} no force row level security`] : []),
      ...rules.map(([rule]) => `alter ${table} disable rule ${quote(rule)}`),
    ].join('; '),
    takeBack: [
      ...rules.map(([rule, state]) => `alter ${table} ${firing[state]} rule ${quote(rule)}`),
      ...(forced ? [`alter ${table} force row level security`] : []),
      ...(writes ? [] : [`revoke ${insert} from ${name}`]),
      ...(enters ? [] : [`revoke ${usage} from ${name}`]),
    ].join('; '),
  };
}

/**
 * SQL that runs work as an owner, with the current path, in the open transaction. SET ROLE and SECURITY
 * DEFINER are not safe: a function can RESET the first. It can leave the second with a cursor WITH HOLD, or
 * before 18 with a deferred trigger, which run as the session at its commit. The server builds an index as
 * the owner of the table, in an operation that forbids all of these and restores settings at its end (source:
 * SECURITY_RESTRICTED_OPERATION). So an index calls the work for the one row of a table of the owner.
 * @param work statements that a function may contain, with every name qualified
 * @param others owners of tables that it also reads
 */
export function runAsOwner(work: string, owner: TableOwner, others: readonly TableOwner[] = []): string {
  const name = quote(owner.role);
  const all = [owner, ...others];
  return `${all.map(({ lend }) => lend).join('; ')};
    create temporary table pg_temp.pgmage_work (done pg_catalog.bool) on commit drop;
    insert into pg_temp.pgmage_work values (true);
    create function pg_temp.pgmage_work() returns pg_catalog.bool language sql set search_path from current
      as ${literal(`${work}; select true`)};
    create function pg_temp.pgmage_work(pg_catalog.bool) returns pg_catalog.bool language sql immutable
      as 'select pg_temp.pgmage_work()';
    grant execute on function pg_temp.pgmage_work(), pg_temp.pgmage_work(pg_catalog.bool) to ${name};
    alter table pg_temp.pgmage_work owner to ${name};
    create index on pg_temp.pgmage_work (pg_temp.pgmage_work(done));
    drop table pg_temp.pgmage_work;
    drop function pg_temp.pgmage_work(pg_catalog.bool), pg_temp.pgmage_work();
    ${all.map(({ takeBack }) => takeBack).join('; ')}`;
}
