// The checks before data moves from one database to another; each has a name and an outcome.

import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
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
  readonly to: {
    readonly named: NamedTarget;
    readonly connection: ServerConnection;
    /** Opens a session in another database of the server. */
    readonly beside?: () => Promise<ServerConnection>;
  };
}

/** The part of a source that a copy has, which is read when it is asked for; null: all of it. */
export type SelectedPart = () => Promise<Catalog | null>;

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
  const size = bytes < gigabyte ? formatBytes(bytes) : `${(bytes / gigabyte).toFixed(2)} GB`;
  const text = `${size}. Transfer may take ${formatCount(seconds, 'second')}`;
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

/** That the target may be written to: one that is protected was named once more. */
export function checkProtection({ to }: Pick<CopyEnds, 'to'>): PreflightCheck {
  const { name, protected: guarded } = to.named;
  return ok('protection', guarded ? `${name} is protected and confirmed` : `${name} is not protected`);
}

/** A check for each fault, or one with the good result where there is none. */
export const toChecks = (name: string, faults: readonly string[], text: string): PreflightCheck[] =>
  faults.length === 0 ? [ok(name, text)] : faults.map((fault) => failed(name, fault));

/** A check with its fault, or with its good result where there is none. */
export const toCheck = (name: string, fault: string | null, text: string): PreflightCheck =>
  fault === null ? ok(name, text) : failed(name, fault);

const ok = (name: string, text: string): PreflightCheck => ({ name, outcome: 'ok', text });
const warning = (name: string, text: string): PreflightCheck => ({ name, outcome: 'warning', text });
const failed = (name: string, text: string): PreflightCheck => ({ name, outcome: 'failed', text });
