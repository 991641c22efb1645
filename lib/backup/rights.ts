// The rights of the role that backs up, before any row is read.

import { isAbsent } from '../flow/tables.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { quoteName } from '../problem/quote-name.ts';

// Views have no rows of their own. Both engines digest what they dump; pg_dump also locks parents of
// partitions.
const denied = `not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT'))`;
const withheld = (locked: string) => `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name,
    ${denied} as denied
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (c.relkind in ('r', 'S'${locked}) or c.relkind = 'm' and c.relispopulated)
    and c.relpersistence <> 't' and not ${isAbsent}
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
      and d.deptype = 'e')
    and (${denied} or c.relkind <> 'p' and row_security_active(c.oid))
  order by 1`;

const mostNames = 10;

function listNames(names: readonly string[]): string {
  const more = names.length - mostNames;
  const shown = names.slice(0, mostNames).join(', ');
  return more <= 0 ? shown : `${shown} and ${more} more`;
}

/**
 * Names the relations that the role cannot read completely: without this, a backup reads rows until it comes
 * to the first one.
 * @param byProgram true if pg_dump reads
 * @throws Problem `permission_denied`; of the connection
 */
export async function checkReadable(
  connection: ServerConnection,
  environment: string,
  byProgram: boolean,
): Promise<void> {
  const sql = withheld(byProgram ? `, 'p'` : '');
  const found = await queryPinned<{ name: string; denied: boolean }>(connection, sql);
  if (found.length === 0) return;
  const [row] = await queryPinned<{ role: string }>(connection, 'select current_user::text as role');
  const role = quoteName(row?.role ?? '');
  const list = (of: boolean) => found.filter((one) => one.denied === of).map(({ name }) => name);
  const [unreadable, hidden] = [list(true), list(false)];
  const messages = [
    ...(unreadable.length > 0 ? [`permission denied for ${listNames(unreadable)}`] : []),
    ...(hidden.length > 0 ? [`row-level security policies hide rows of ${listNames(hidden)}`] : []),
  ];
  const grants = [
    ...(unreadable.length > 0 ? [`GRANT pg_read_all_data TO ${role};`] : []),
    ...(hidden.length > 0 ? [`ALTER ROLE ${role} BYPASSRLS;`] : []),
  ];
  throw new Problem('permission_denied', {
    environment,
    message: messages.join('; '),
    sqlstate: '42501',
    detail: null,
    hint: `Let this role read all rows: ${grants.join(' ')} Or connect as a superuser.`,
    context: null,
    position: null,
  });
}
