// The rights of a role on tables whose rows it replaces, where the schema of the target stays.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { getRoot } from '../model/catalog.ts';
import { literal, qualify, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import { planAside, positionsOf, readRowSet } from './data-only.ts';
import { type CopyEnds, type PreflightCheck, toChecks } from './preflight.ts';
import type { CopySelection } from './selection.ts';

interface ForeignTable {
  readonly name: string;
  readonly owner: string;
  readonly isSuper: boolean;
  /** True if the role may replace the rows, or the position of the sequence, all the same. */
  readonly isGranted: boolean;
}

// Tables and sequences of roles whose rights the session does not have. Rows of an extension are deleted.
const question = (names: readonly string[]) => `
  select w.name, r.rolname::text as owner, r.rolsuper as "isSuper",
    case c.relkind when 'S' then has_sequence_privilege(c.oid, 'SELECT')
        and has_sequence_privilege(c.oid, 'UPDATE')
      else has_table_privilege(c.oid, 'INSERT') and has_table_privilege(c.oid, 'SELECT')
        and has_table_privilege(c.oid, case when exists (select from pg_extension e
          where c.oid = any (e.extconfig)) then 'DELETE' else 'TRUNCATE' end) end as "isGranted"
  from json_array_elements_text(${literal(JSON.stringify(names))}) w (name)
    join pg_class c on c.oid = to_regclass(w.name) join pg_roles r on r.oid = c.relowner
  where not pg_has_role(c.relowner, 'USAGE') order by 1`;

const listForeign = (connection: ServerConnection, names: readonly string[]) =>
  queryPinned<ForeignTable>(connection, question(names));

/**
 * Checks if the target's role can replace the rows of tables: empty and fill them, set their sequences, and
 * drop for a time what checks or watches rows, which only an owner can.
 * @throws Problem `bad_option`; of a connection
 */
export async function checkRowRights(ends: CopyEnds, wish: CopySelection): Promise<PreflightCheck> {
  const { named, connection } = ends.to;
  const source = ends.from.connection;
  const { tables, sequences } = await snapshot(source, async () => {
    const { cargo } = await readRowSet(source, wish);
    const positions = await positionsOf(source, connection, cargo, wish);
    return { tables: cargo.tables, sequences: positions.map(({ name }) => name) };
  });
  const names = [...tables.map(({ name }) => name), ...sequences];
  const foreign = await listForeign(connection, names);
  const lacking = new Map(foreign.filter(({ isGranted }) => !isGranted).map((one) => [one.name, one]));
  const there = await snapshot(connection, (reader) => readCatalog(reader, kinds));
  const touched = planAside(there, tables).down.flatMap(({ fact }) => {
    const found = there.facts.get(fact);
    const root = found && getRoot(there, found);
    return root === undefined ? [] : [qualify(root.path)];
  });
  for (const one of await listForeign(connection, [...new Set(touched)])) lacking.set(one.name, one);
  const [row] = await queryPinned<{ role: string }>(connection, 'select current_user::text as role');
  const role = quote(row?.role ?? '');
  const fault = describeLacking([...lacking.values()], role, named.name);
  const [check] = toChecks(
    'rights',
    fault === null ? [] : [fault],
    `the role ${role} can replace the rows of ${named.name}`,
  );
  return check as PreflightCheck;
}

const listed = 10;

function describeLacking(lacking: readonly ForeignTable[], role: string, target: string): string | null {
  if (lacking.length === 0) return null;
  const more = lacking.length > listed ? ` and ${lacking.length - listed} more` : '';
  const shown = lacking.slice(0, listed).map(({ name }) => name);
  const owners = [...new Set(lacking.map(({ owner }) => owner))];
  const isSuper = lacking.some((one) => one.isSuper);
  const way = isSuper
    ? 'Connect as a superuser'
    : `Run there: GRANT ${owners.map(quote).join(', ')} TO ${role};`;
  return (
    `the role ${role} of ${target} cannot replace the rows of ${shown.join(', ')}${more} of` +
    ` ${owners.join(', ')}. ${way}`
  );
}
