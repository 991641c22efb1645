// Objects that only some roles may create, and tablespaces, which every object of theirs needs on the target.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import { literal, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import type { ExtensionTarget } from './extensions.ts';
import { type CopyEnds, type PreflightCheck, type SelectedPart, toChecks } from './preflight.ts';
import { isDenied } from './trial.ts';

const triedKinds = new Map([...kinds].filter(([, { data }]) => data?.trial !== undefined));

/** The ids of the objects of a database that only some roles may create. @throws Problem of the connection */
export async function listPrivileged(connection: ServerConnection): Promise<string[]> {
  const { facts } = await snapshot(connection, (held) => readCatalog(held, triedKinds));
  return [...facts.keys()].filter((id) => triedKinds.has(kindOf(id)));
}

const kindOf = (id: string) => id.slice(0, id.indexOf(':'));

type Target = Pick<ExtensionTarget, 'name' | 'connection' | 'canExclude'>;

/**
 * The kinds of these objects that the session's role cannot create in a target, each with what to do. No
 * transaction is open.
 * @throws Problem of the connection
 */
export async function explainPrivileged(
  { name: target, connection, canExclude = false }: Target,
  ids: readonly string[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const [kind, { data }] of triedKinds) {
    const own = ids.filter((id) => kindOf(id) === kind);
    if (own.length === 0 || !(await isDenied(connection, data?.trial ?? ''))) continue;
    const names = own.map((id) => id.slice(kind.length + 1)).join(', ');
    const excluded = own.map((id) => `--exclude '${id}'`).join(' ');
    faults.push(
      `the role ${await readRole(connection)} of ${target} cannot create the ${kind} ${names}. To go on,` +
        ` connect as a superuser${canExclude ? `, or pass ${excluded}` : ''}`,
    );
  }
  return faults;
}

async function readRole(connection: ServerConnection): Promise<string> {
  const [row] = await queryPinned<{ role: string }>(connection, 'select current_user::text as role');
  return quote(row?.role ?? '');
}

const namedTablespaces = `select s.spcname::text as name from pg_tablespace s
  where s.spcname !~ '^pg_' and exists (select from pg_class c where c.reltablespace = s.oid)
  order by 1`;

/** The tablespaces that relations of a database name. @throws Problem of the connection */
export async function listTablespaces(connection: ServerConnection): Promise<string[]> {
  return (await queryPinned<{ name: string }>(connection, namedTablespaces)).map(({ name }) => name);
}

// The default of a database needs no right.
const closed = (names: readonly string[]) => `select w.name, s.oid is not null as there
  from unnest(array[${names.map(literal).join(', ')}]::text[]) w (name)
    left join pg_tablespace s on s.spcname = w.name
  where s.oid is null or not has_tablespace_privilege(s.oid, 'CREATE')
    and s.oid <> (select d.dattablespace from pg_database d where d.datname = current_database())
  order by 1`;

/**
 * The tablespaces that a target does not have, or that the session's role may not use, with what to do.
 * @throws Problem of the connection
 */
export async function explainTablespaces(
  { name: target, connection }: Target,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return [];
  const found = await queryPinned<{ name: string; there: boolean }>(connection, closed(names));
  const list = (of: boolean) => found.filter(({ there }) => there === of).map(({ name }) => quote(name));
  const [missing, refused] = [list(false).join(', '), list(true).join(', ')];
  const me = refused === '' ? '' : await readRole(connection);
  return [
    ...(missing === ''
      ? []
      : [`the server of ${target} does not have the tablespaces ${missing}: create them there`]),
    ...(refused === ''
      ? []
      : [
          `the role ${me} of ${target} cannot use the tablespaces ${refused}.` +
            ` Run there: GRANT CREATE ON TABLESPACE ${refused} TO ${me};`,
        ]),
  ];
}

/**
 * Checks if the target's role can create what only some roles may create, and use the tablespaces.
 * @returns none if it can
 * @throws Problem of a connection
 */
export async function checkPrivileged({ from, to }: CopyEnds, part: SelectedPart): Promise<PreflightCheck[]> {
  const target = { name: to.named.name, connection: to.connection, canExclude: true };
  const [ids, spaces] = [await listPrivileged(from.connection), await listTablespaces(from.connection)];
  const catalog = ids.length + spaces.length === 0 ? null : await part();
  const facts = [...(catalog?.facts.values() ?? [])];
  const isUsed = (name: string) =>
    catalog === null || facts.some(({ payload }) => payload.tablespace === name);
  const faults = [
    ...(await explainPrivileged(
      target,
      ids.filter((id) => catalog?.facts.has(id) ?? true),
    )),
    ...(await explainTablespaces(target, spaces.filter(isUsed))),
  ];
  return faults.length === 0 ? [] : toChecks('rights', faults, '');
}
