// The checks before data moves from one database to another; each has a name and an outcome.

import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { formatCount } from '../problem/amount.ts';
import type { NamedTarget } from '../project/target-address.ts';

/** One of the things that were looked at. */
export interface PreflightCheck {
  readonly name: string;
  /** `unknown`: the check is not possible. */
  readonly outcome: 'ok' | 'warning' | 'failed' | 'unknown';
  /** The result, for messages. */
  readonly text: string;
}

/** A server and one of its databases. */
export interface Database {
  readonly name: string;
  readonly oid: string;
  readonly encoding: string;
  readonly collation: string;
  /** E.g. 150018. */
  readonly version: number;
  readonly versionText: string;
  readonly bytes: number;
  /** When the server was started, to the microsecond. */
  readonly started: string;
  readonly standby: boolean;
  /** The search path of this role's sessions. */
  readonly path: string;
  /** The system identifier, which file copies share; null: the role may not read it. */
  readonly system: string | null;
}

/** The two ends, each with its session. */
export interface CopyEnds {
  readonly from: { readonly named: NamedTarget; readonly connection: ServerConnection };
  readonly to: { readonly named: NamedTarget; readonly connection: ServerConnection };
}

const identity = `select d.datname::text as name, d.oid::text as oid, pg_encoding_to_char(d.encoding)
  as encoding,
    d.datcollate as collation, current_setting('server_version_num')::int as version,
    pg_database_size(d.oid)::text as bytes, pg_postmaster_start_time()::text as started,
    pg_is_in_recovery() as standby,
    has_function_privilege('pg_control_system()', 'execute') as known
  from pg_database d where d.datname = current_database()`;

/** Asks a server about its database. @throws Problem of the connection */
export async function readDatabase(connection: ServerConnection): Promise<Database> {
  type Row = Omit<Database, 'system' | 'bytes' | 'path'> & { bytes: string; known: boolean };
  const [row] = await queryPinned<Row>(connection, identity);
  const { known, bytes, ...rest } = row as Row;
  const [control] = known
    ? await queryPinned<{ system: string }>(
        connection,
        'select system_identifier::text as system from pg_control_system()',
      )
    : [];
  const path = connection.searchPath;
  const versionText = connection.version.split(' ')[0] as string;
  return { ...rest, path, versionText, bytes: Number(bytes), system: control?.system ?? null };
}

/** How to make a database of an encoding, which a database that exists cannot change. */
export function adviseDatabase(encoding: string): string {
  const name = `${encoding.toLowerCase()}_target`;
  const made = `CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`;
  return `Make a target with this encoding: ${made}`;
}

/** The checks for any two databases. */
export function checkDatabases(from: Database, to: Database, { from: a, to: b }: CopyEnds): PreflightCheck[] {
  const [one, other] = [a.named.name, b.named.name];
  return [
    ok('reachable', `${one} runs PostgreSQL ${from.versionText}, ${other} runs PostgreSQL ${to.versionText}`),
    difference(from, to),
    versions(from, to, other),
    to.standby
      ? failed('writable', `${other} is a standby, which cannot be written to`)
      : ok('writable', `${other} is a primary`),
    from.encoding === to.encoding
      ? ok('encoding', `${from.encoding} on both sides`)
      : failed(
          'encoding',
          `${one} has ${from.encoding}, ${other} has ${to.encoding}. ${adviseDatabase(from.encoding)}`,
        ),
    from.collation === to.collation
      ? ok('collation', `${from.collation} on both sides`)
      : warning('collation', `${one} sorts by ${from.collation}, ${other} by ${to.collation}`),
    ...sizes(from),
  ];
}

function difference(from: Database, to: Database): PreflightCheck {
  const name = 'different databases';
  const same = from.oid === to.oid && from.name === to.name;
  const together = from.started === to.started;
  if (from.system === null || to.system === null) {
    const how = 'by server start time and database OID, because a role may not read the system identifier';
    return same && together ? failed(name, `they are the same database, ${how}`) : ok(name, how);
  }
  if (from.system !== to.system || from.oid !== to.oid)
    return ok(name, 'by system identifier and database OID');
  if (together) return failed(name, 'they are the same database');
  if (from.standby) return failed(name, 'the source is a standby of the target');
  return warning(name, 'one is a file copy of the other, or both were restored from the same files');
}

function versions(from: Database, to: Database, target: string): PreflightCheck {
  const name = 'server versions';
  const major = ({ version }: Database) => Math.floor(version / 10_000);
  const text = `${from.versionText} → ${to.versionText}`;
  if (major(to) < major(from)) return failed(name, `${text}: ${target} is older`);
  if (major(to) === major(from) && to.version < from.version)
    return warning(name, `${text}: ${target} is older by a minor version`);
  return ok(name, text);
}

const gigabyte = 2 ** 30;

/**
 * Bytes of a database that pass in a second, on a plain machine with its rows checked and its indexes built.
 */
export const bytesPerSecond = 20 * 2 ** 20;

function sizes({ bytes }: Database): PreflightCheck[] {
  const seconds = Math.max(1, Math.ceil(bytes / bytesPerSecond));
  const text = `${(bytes / gigabyte).toFixed(2)} GB. Transfer may take ${formatCount(seconds, 'second')}`;
  if (bytes <= 2 * gigabyte) return [ok('size', text)];
  if (bytes <= 5 * gigabyte)
    return [warning('size', `${text}; during that time the target needs disk space for both states`)];
  return [
    warning(
      'size',
      `${text}; a storage snapshot or a physical backup is faster and keeps no transaction open`,
    ),
  ];
}

// An extension that belongs to another role stays as it is, so its version is the one to use.
const missingExtensions = (wanted: readonly { name: string; version: string }[]) => `
  select w.name, a.name is not null as there, v.name is not null and (e.extname is null
      or e.extversion = w.version or pg_has_role(e.extowner, 'USAGE')) as exact
  from json_to_recordset('${JSON.stringify(wanted).replaceAll("'", "''")}') w (name text, version text)
    left join pg_available_extensions a on a.name = w.name
    left join pg_extension e on e.extname = w.name
    left join pg_available_extension_versions v on v.name = w.name and v.version = w.version`;

/** The extensions of a source, as its target has them. */
export interface FoundExtensions {
  /** Not available there. */
  readonly missing: readonly string[];
  /** Available there, but in another version; or there in one that this role cannot replace. */
  readonly otherVersions: readonly string[];
  readonly all: readonly string[];
}

/** The extensions of a database, besides plpgsql. @throws Problem of the connection */
export function listExtensions(connection: ServerConnection): Promise<{ name: string; version: string }[]> {
  return queryPinned<{ name: string; version: string }>(
    connection,
    `select extname::text as name, extversion as version from pg_extension where extname <> 'plpgsql'
      order by 1`,
  );
}

/** The extensions among some that a server does not have. @throws Problem of the connection */
export async function findMissingExtensions(
  connection: ServerConnection,
  names: readonly string[],
): Promise<string[]> {
  const rows = await queryPinned<{ name: string }>(
    connection,
    'select name::text from pg_catalog.pg_available_extensions',
  );
  const known = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !known.has(name));
}

/** Asks which extensions of the source are available on the target. @throws Problem of a connection */
export async function findExtensions({ from, to }: CopyEnds): Promise<FoundExtensions> {
  const wanted = await listExtensions(from.connection);
  const found = await queryPinned<{ name: string; there: boolean; exact: boolean }>(
    to.connection,
    missingExtensions(wanted),
  );
  return {
    missing: found.filter(({ there }) => !there).map(({ name }) => name),
    otherVersions: found.filter(({ there, exact }) => there && !exact).map(({ name }) => name),
    all: wanted.map((one) => one.name),
  };
}

/** Checks if the needed extensions are available on the target. */
export function checkExtensions(
  { to: { named } }: Pick<CopyEnds, 'to'>,
  { missing, otherVersions, all }: FoundExtensions,
): PreflightCheck {
  const name = 'extensions';
  if (missing.length > 0) {
    const way = `install them on its server, or leave out what needs them: --exclude extension:${missing[0]}`;
    return failed(name, `${named.name} does not have ${missing.join(', ')}: ${way}`);
  }
  return otherVersions.length > 0
    ? warning(name, `${named.name} has another version of ${otherVersions.join(', ')}, which pgmage uses`)
    : ok(name, all.length === 0 ? 'none is needed' : all.join(', '));
}

/** True for the databases that each server has, and that new databases and clients rely on. */
export const isMaintenanceDatabase = (name: string) => /^(postgres|template[01])$/.test(name);

/** Checks if the target is a database of the server itself, which a clone seldom means. */
export function checkMaintenance(
  to: Database,
  { to: { named } }: Pick<CopyEnds, 'to'>,
  force: boolean,
): PreflightCheck {
  const name = 'user database';
  if (!isMaintenanceDatabase(to.name)) return ok(name, `${named.name} is none of the server's own`);
  const text = `${named.name} is the database ${to.name}, which every new database or client relies on`;
  return force ? warning(name, text) : failed(name, `${text}: pass --force to replace it`);
}

// Roles that anything in the database refers to (manual: catalog pg_shdepend), and owners, of whom that does
// not list the one that made the cluster.
const rolesUsed = (owners: boolean) => `select distinct r.rolname::text as name
  from pg_roles r where r.rolname !~ '^pg_' and (exists (select from pg_shdepend d
  where d.refclassid = 'pg_authid'::regclass
      and d.refobjid = r.oid and d.dbid = (select oid from pg_database where datname = current_database())
      ${owners ? '' : `and d.deptype = 'r'`})
    or ${owners} and exists (select from pg_class c where c.relowner = r.oid and c.oid >= 16384
      union all select from pg_proc p where p.proowner = r.oid and p.oid >= 16384
      union all select from pg_type t where t.typowner = r.oid and t.oid >= 16384
      union all select from pg_namespace n where n.nspowner = r.oid and n.oid >= 16384))
  order by 1`;

/**
 * The roles that the objects of a database refer to. @param owners with those of owners and privileges
 * @throws Problem of the connection
 */
export async function listUsedRoles(connection: ServerConnection, owners: boolean): Promise<string[]> {
  return (await queryPinned<{ name: string }>(connection, rolesUsed(owners))).map(({ name }) => name);
}

/** The roles of a server. @throws Problem of the connection */
export async function listRoles(connection: ServerConnection): Promise<string[]> {
  const sql = 'select rolname::text as name from pg_roles';
  return (await queryPinned<{ name: string }>(connection, sql)).map(({ name }) => name);
}

/**
 * Checks if the roles of the source exist on the target. pgmage never creates roles. @throws Problem of a
 * connection
 */
export async function checkRoles({ from, to }: CopyEnds, owners: boolean): Promise<PreflightCheck> {
  const used = await listUsedRoles(from.connection, owners);
  const known = new Set(await listRoles(to.connection));
  const missing = used.filter((name) => !known.has(name));
  if (missing.length === 0) return ok('roles', used.length === 0 ? 'none is needed' : used.join(', '));
  const way = owners
    ? 'create them there, or pass --no-owner, so that the cloning role owns every object'
    : 'create them there';
  return failed('roles', `${to.named.name} does not have ${missing.join(', ')}: ${way}`);
}

/** That the target may be written to: one that is protected was named once more. */
export function checkProtection({ to }: Pick<CopyEnds, 'to'>): PreflightCheck {
  const { name, protected: guarded } = to.named;
  return ok('protection', guarded ? `${name} is protected and confirmed` : `${name} is not protected`);
}

const ok = (name: string, text: string): PreflightCheck => ({ name, outcome: 'ok', text });
const warning = (name: string, text: string): PreflightCheck => ({ name, outcome: 'warning', text });
const failed = (name: string, text: string): PreflightCheck => ({ name, outcome: 'failed', text });
