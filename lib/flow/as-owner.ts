// The role that rows are written as: what runs for each row (checks, generated columns, domains) has that role's rights.
import { literal, qualify, quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';

/** How a session does the work of an owner as that owner, and is itself again. */
export interface Owned {
  readonly become: string;
  readonly resign: string;
}

interface Row {
  readonly path: readonly string[];
  readonly owner: string;
  readonly role: string;
  readonly forced: boolean;
  readonly writes: boolean;
}

// As which role a session may act: SET since 16, membership before (manual: "Role Membership").
const settable = (major: number) => (major >= 16 ? 'SET' : 'MEMBER');

const owned = (major: number) => `
  select pg_catalog.json_build_array(n.nspname, o.name) as path, r.rolname::text as owner,
    pg_catalog.current_setting('role') as role, o.forced, o.writes
  from (
      select c.relnamespace as home, c.relname as name, c.relowner as owner, c.relforcerowsecurity as forced,
        pg_catalog.has_table_privilege(c.relowner, c.oid, 'INSERT') as writes
      from pg_catalog.pg_class c where c.relkind in ('r', 'p')
      union all
      select t.typnamespace, t.typname, t.typowner, false, true from pg_catalog.pg_type t where t.typtype = 'd') o
    join pg_catalog.pg_namespace n on n.oid = o.home
    join pg_catalog.pg_roles r on r.oid = o.owner
  where r.rolname <> current_user and n.nspname not in ('pg_catalog', 'information_schema')
    and pg_catalog.pg_has_role(current_user, o.owner, '${settable(major)}')
    and pg_catalog.has_schema_privilege(o.owner, o.home, 'USAGE')`;

/**
 * The tables and domains of other roles, by qualified name, that the session can work on as their owner. An owner that may
 * not use the schema is left out. The right to insert is lent, and FORCE ROW LEVEL SECURITY suspended: COPY refuses that.
 * @throws Problem of the connection
 */
export async function ownedIn(connection: Connection): Promise<ReadonlyMap<string, Owned>> {
  const rows = await connection.rows<Row>(owned(connection.major));
  return new Map(rows.map((row) => [qualify(row.path), ownedBy(row)]));
}

function ownedBy({ path, owner, role, forced, writes }: Row): Owned {
  const table = `table only ${qualify(path)}`;
  const right = `insert on table ${qualify(path)}`;
  const set = (name: string) => `select pg_catalog.set_config('role', ${literal(name)}, false)`;
  return {
    become: [
      ...(forced ? [`alter ${table} no force row level security`] : []),
      ...(writes ? [] : [`grant ${right} to ${quote(owner)}`]),
      set(owner),
    ].join('; '),
    resign: [
      set(role),
      ...(writes ? [] : [`revoke ${right} from ${quote(owner)}`]),
      ...(forced ? [`alter ${table} force row level security`] : []),
    ].join('; '),
  };
}

/** Does a work as an owner, or as the session's own role where there is none to become. @throws Problem of the work */
export async function asOwner<T>(
  connection: Connection,
  owner: Owned | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (owner === undefined) return work();
  await connection.execute(owner.become);
  const done = await work();
  // After a failure the transaction is rolled back, and the role with it; or the session is closed.
  await connection.execute(owner.resign);
  return done;
}
