// The rights of the role that backs up, before any row is read.

import { isAbsent } from '../flow/tables.ts';
import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { quoteName } from '../problem/quote-name.ts';

// Views have no rows of their own. Both engines digest what they dump; pg_dump also locks parents of
// partitions. Of an extension come the tables and sequences that it lets users fill (manual: "Extension
// Configuration Tables").
const denied = `not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT'))`;
const withheld = (locked: string) => `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name,
    ${denied} as denied
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (c.relkind in ('r', 'S'${locked}) or c.relkind = 'm' and c.relispopulated)
    and c.relpersistence <> 't' and not ${isAbsent}
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
        and d.deptype = 'e')
      or exists (select from pg_extension e where c.oid = any (e.extconfig)))
    and (${denied} or c.relkind <> 'p' and row_security_active(c.oid))
  order by 1`;

const mostNames = 10;

// Before 18 the server has no function for it.
const withheldObjects = `select m.oid::text, count(*) over ()::int as count
  from pg_largeobject_metadata m
  where current_setting('lo_compat_privileges') = 'off'
    and not (select r.rolsuper from pg_roles r where r.rolname = current_user)
    and not exists (select from aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) a
      where a.privilege_type = 'SELECT'
        and case a.grantee when 0 then true else pg_has_role(a.grantee, 'USAGE') end)
  order by m.oid limit ${mostNames}`;

function listNames(names: readonly string[], count = names.length): string {
  const more = count - mostNames;
  const shown = names.slice(0, mostNames).join(', ');
  return more <= 0 ? shown : `${shown} and ${more} more`;
}

/**
 * Names the relations and large objects that the role cannot read completely: without this, a backup reads
 * rows until it comes to the first one.
 * @param byProgram true if pg_dump reads
 * @throws Problem `permission_denied`; of the connection
 */
export async function checkReadable(
  connection: ServerConnection,
  environment: string,
  byProgram: boolean,
): Promise<void> {
  const found = await queryPinned<{ name: string; denied: boolean }>(
    connection,
    withheld(byProgram ? `, 'p'` : ''),
  );
  const list = (of: boolean) => found.filter((one) => one.denied === of).map(({ name }) => name);
  const sample = await queryPinned<{ oid: string; count: number }>(connection, withheldObjects);
  const objects = sample.map(({ oid }) => oid);
  const count = sample[0]?.count ?? 0;
  const all: Withheld = { unreadable: list(true), objects, count, hidden: list(false) };
  if (found.length + objects.length === 0) return;
  const [row] = await queryPinned<{ role: string }>(connection, 'select current_user::text as role');
  const advice = advise(all, quoteName(row?.role ?? ''));
  throw new Problem('permission_denied', {
    environment,
    message: describeWithheld(all),
    sqlstate: '42501',
    detail: null,
    hint: `Let this role read all rows: ${advice} Or connect as a superuser.`,
    context: null,
    position: null,
  });
}

interface Withheld {
  readonly unreadable: readonly string[];
  /** The numbers of the first large objects. */
  readonly objects: readonly string[];
  /** How many there are. */
  readonly count: number;
  /** The relations with policies for this role. */
  readonly hidden: readonly string[];
}

function describeWithheld({ unreadable, objects, count, hidden }: Withheld): string {
  return [
    ...(unreadable.length > 0 ? [`permission denied for ${listNames(unreadable)}`] : []),
    ...(objects.length > 0 ? [`permission denied for large object ${listNames(objects, count)}`] : []),
    ...(hidden.length > 0 ? [`row-level security policies hide rows of ${listNames(hidden)}`] : []),
  ].join('; ');
}

function advise({ unreadable, objects, count, hidden }: Withheld, role: string): string {
  return [
    ...(unreadable.length > 0 ? [`GRANT pg_read_all_data TO ${role};`] : []),
    ...(objects.length > 0 ? [grantObjects(objects, count, role)] : []),
    ...(hidden.length > 0 ? [`ALTER ROLE ${role} BYPASSRLS;`] : []),
  ].join(' ');
}

// pg_read_all_data does not include large objects.
function grantObjects(objects: readonly string[], count: number, role: string): string {
  if (count <= mostNames) return `GRANT SELECT ON LARGE OBJECT ${objects.join(', ')} TO ${role};`;
  const statement = `GRANT SELECT ON LARGE OBJECT %s TO ${role.replaceAll('%', '%%')}`;
  return `SELECT format(${literal(statement)}, oid) FROM pg_largeobject_metadata \\gexec (in psql).`;
}
