// The extensions of a source on the target's server: available, there already, or possible to create.
import { extensionId } from '../kinds/named-objects.ts';
import { literal, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { type CopyEnds, type PreflightCheck, type SelectedPart, toChecks } from './preflight.ts';
import { isDenied } from './trial.ts';

/** An extension of a source. */
export interface WantedExtension {
  readonly name: string;
  /** Null: the server's default. */
  readonly version: string | null;
  /** Null: it is not known. */
  readonly schema: string | null;
}

/** The extensions of a database, besides plpgsql. @throws Problem of the connection */
export function listExtensions(connection: ServerConnection): Promise<WantedExtension[]> {
  return queryPinned<WantedExtension>(
    connection,
    `select e.extname::text as name, e.extversion as version, n.nspname::text as schema
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname <> 'plpgsql'
      order by 1`,
  );
}

/** An extension of a source, as a target's server has it. */
export interface FoundExtension extends WantedExtension {
  /** The server has its files. */
  readonly isAvailable: boolean;
  /** It gets the wanted version. */
  readonly isExact: boolean;
  /** The one in the database; null: none. */
  readonly there: {
    readonly schema: string;
    readonly owner: string;
    readonly isOwn: boolean;
    readonly isRelocatable: boolean;
  } | null;
  /** The right to create it, if the session's role may lack it: a superuser's, or that on the database. */
  readonly needs: 'superuser' | 'database' | null;
}

// An extension that belongs to another role stays as it is, so its version is the one to use.
const question = (wanted: readonly WantedExtension[]) => `
  select w.*, a.name is not null as "isAvailable",
    w.version is null or v.name is not null and (e.extname is null or e.extversion = w.version
      or pg_has_role(e.extowner, 'USAGE')) as "isExact",
    case when e.extname is not null then json_build_object('schema', n.nspname, 'owner', o.rolname,
      'isOwn', pg_has_role(e.extowner, 'USAGE'), 'isRelocatable', e.extrelocatable) end as there,
    case when c.name is null or not c.superuser or me.rolsuper then null when not c.trusted then 'superuser'
      when not has_database_privilege(current_database(), 'CREATE') then 'database' end as needs
  from json_to_recordset(${literal(JSON.stringify(wanted))}) w (name text, version text, schema text)
    left join pg_available_extensions a on a.name = w.name
    left join pg_extension e on e.extname = w.name
    left join pg_namespace n on n.oid = e.extnamespace
    left join pg_roles o on o.oid = e.extowner
    left join pg_available_extension_versions v on v.name = w.name and v.version = w.version
    left join pg_available_extension_versions c on c.name = w.name
      and c.version = coalesce(v.version, a.default_version)
    join pg_roles me on me.rolname = current_user`;

/** Asks for extensions in a target and on its server. @throws Problem of the connection */
export function findExtensions(
  connection: ServerConnection,
  wanted: readonly WantedExtension[],
): Promise<FoundExtension[]> {
  return queryPinned<FoundExtension>(connection, question(wanted));
}

/**
 * How a target gets its extensions: `kept`: those that are there and fit stay; `created`: all are dropped and
 * created; `elsewhere`: they are created in a new database.
 */
export type ExtensionWay = 'kept' | 'created' | 'elsewhere';

/** A target, and how it gets its extensions. */
export interface ExtensionTarget {
  /** For messages. */
  readonly name: string;
  readonly connection: ServerConnection;
  readonly way: ExtensionWay;
  /** True if `--exclude` can leave an extension out. */
  readonly canExclude?: boolean;
  /** Opens a session in another database of its server. */
  readonly beside?: (() => Promise<ServerConnection>) | undefined;
}

/**
 * The reasons why the session's role cannot give a target its extensions, each with what to do. No
 * transaction is open.
 * @throws Problem of the connection
 */
export async function explainExtensions(
  target: ExtensionTarget,
  found: readonly FoundExtension[],
): Promise<string[]> {
  const { name, way } = target;
  const available = found.filter(({ isAvailable }) => isAvailable);
  const faults =
    way === 'elsewhere' ? [] : way === 'kept' ? explainPlaces(name, found) : explainDrops(name, found);
  for (const one of available) {
    const isCreated = way === 'elsewhere' || one.there === null || (way === 'created' && one.there.isOwn);
    const fault = isCreated ? await explainCreation(target, one) : null;
    if (fault !== null) faults.push(fault);
  }
  return faults;
}

function explainDrops(target: string, found: readonly FoundExtension[]): string[] {
  return found.flatMap(({ name, there }) =>
    there === null || there.isOwn ? [] : [explainDrop(target, name, there.owner)],
  );
}

/** The advice for an extension of another role, where all would be dropped. */
export const explainDrop = (target: string, name: string, owner: string) =>
  `the role of ${target} cannot drop the extension ${name} of ${owner}. To go on, use the engine native,` +
  ' which leaves it there';

/** The extensions of other roles that are in another schema of a target, each with what to do. */
export function explainPlaces(target: string, found: readonly FoundExtension[]): string[] {
  return found.flatMap((one) => {
    const { there, schema } = one;
    const isFit = there === null || there.isOwn || schema === null || there.schema === schema;
    return isFit ? [] : [explainPlace(target, one, there)];
  });
}

function explainPlace(
  target: string,
  { name, schema }: FoundExtension,
  { schema: other, owner, isRelocatable }: NonNullable<FoundExtension['there']>,
): string {
  const statement = isRelocatable
    ? `ALTER EXTENSION ${quote(name)} SET SCHEMA ${quote(schema ?? '')};`
    : `DROP EXTENSION ${quote(name)};`;
  const place = `the extension ${name} is in the schema ${other} of ${target} instead of ${schema}`;
  return `${place}. Let its owner ${owner} run: ${statement}`;
}

// Those that have no schema of their own go into the first one of the path.
const creating = (name: string) => `create schema pgmage_trial;
  set local search_path = pgmage_trial, pg_catalog; create extension ${quote(name)} cascade`;

// One that is there cannot be created for a trial, but in another database. There the role may have no schema
// of its own; where the server lets it create such an extension, the script runs as a superuser.
async function isRefused(
  { connection, beside }: ExtensionTarget,
  { name, there }: FoundExtension,
): Promise<boolean> {
  if (there === null) return isDenied(connection, creating(name));
  const other = await beside?.().catch(() => undefined);
  if (other === undefined) return true;
  try {
    return await isDenied(
      other,
      `set local search_path = public, pg_catalog; create extension ${quote(name)} cascade`,
    );
  } finally {
    await other.close();
  }
}

async function explainCreation(target: ExtensionTarget, one: FoundExtension): Promise<string | null> {
  const { connection, way, canExclude = false } = target;
  const { name, needs, there } = one;
  // A new database belongs to the role.
  if (needs === null || there?.isOwn || (needs === 'database' && way === 'elsewhere')) return null;
  if (needs === 'superuser' && !(await isRefused(target, one))) return null;
  const [row] = await queryPinned<{ role: string; database: string }>(
    connection,
    'select current_user::text as role, current_database()::text as database',
  );
  const [role, database] = [quote(row?.role ?? ''), quote(row?.database ?? '')];
  const start = `the role ${role} of ${target.name} cannot create the extension ${name}`;
  if (needs === 'database') return `${start}. Run there: GRANT CREATE ON DATABASE ${database} TO ${role};`;
  const statement = `CREATE EXTENSION ${quote(name)};`;
  const ways = [
    ...(canExclude ? [`pass ${exclude(name)}`] : []),
    way === 'kept' ? `let a superuser run there: ${statement}` : 'connect as a superuser',
  ];
  return `${start}. To go on, ${ways.join(', or ')}`;
}

/**
 * Checks if the target can have the extensions that a copy needs.
 * @param way null: the target keeps its schema
 * @throws Problem of a connection
 */
export async function checkExtensions(
  { to: { named, connection, beside } }: Pick<CopyEnds, 'to'>,
  found: readonly FoundExtension[],
  way: ExtensionWay | null,
  part: SelectedPart,
): Promise<PreflightCheck[]> {
  const name = 'extensions';
  const catalog = found.length === 0 ? null : await part();
  const needed = catalog === null ? found : found.filter((one) => catalog.facts.has(extensionId(one.name)));
  const [missing] = needed.filter(({ isAvailable }) => !isAvailable);
  const fine = needed.map((one) => one.name).join(', ') || 'none is needed';
  if (missing !== undefined) {
    const names = needed.filter(({ isAvailable }) => !isAvailable).map((one) => one.name);
    const all = `${named.name} does not have ${names.join(', ')}`;
    const advice = `install them on its server, or leave out what needs them: ${exclude(missing.name)}`;
    return toChecks(name, [`${all}: ${advice}`], fine);
  }
  const target = { name: named.name, connection, beside, canExclude: way !== 'created' };
  const faults = way === null ? [] : await explainExtensions({ ...target, way }, needed);
  if (faults.length > 0) return toChecks(name, faults, fine);
  const others = listOtherVersions(needed);
  if (others.length === 0) return toChecks(name, [], fine);
  const text = `${named.name} has another version of ${others.join(', ')}, which pgmage uses`;
  return [{ name, outcome: 'warning', text }];
}

const exclude = (name: string) => `--exclude extension:${name}`;

/** The extensions of which the target has, or keeps, another version. */
export const listOtherVersions = (found: readonly FoundExtension[]): string[] =>
  found.filter(({ isAvailable, isExact }) => isAvailable && !isExact).map(({ name }) => name);
