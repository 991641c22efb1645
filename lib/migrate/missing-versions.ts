// Extensions, and versions of them, that a server does not have: found before anything runs.
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import type { TextFile } from '../project/sql-files.ts';
import { type ExtensionVersion, readExtensionVersions } from '../sql/extension-versions.ts';
import { visitStatements } from '../sql/parse.ts';

interface Available {
  readonly name: string;
  readonly standard: string;
  readonly installed: string | null;
  /** The versions that CREATE EXTENSION can make. */
  readonly versions: readonly string[];
  /** The updates, as `1.5--1.6`. */
  readonly updates: readonly string[];
}

/**
 * Refuses migrations that create an extension in a version that the target's server does not have, or update
 * one to a version to which no update path leads.
 * @param environment the name of the target
 * @throws Problem `missing_versions`; `invalid_sql`
 */
export async function refuseMissingVersions(
  connection: Connection,
  environment: string,
  files: readonly TextFile[],
): Promise<void> {
  const wanted = await listWanted(files);
  if (wanted.every(({ version }) => version === null)) return;
  const missing = findMissing(wanted, await readAvailable(connection, wanted));
  if (missing.length > 0) throw new Problem('missing_versions', { environment, versions: missing });
}

/**
 * Refuses migrations that create an extension which the target's server does not have. Where pg_tle is
 * installed, the server has others that it lists nowhere (pg_tle's manual).
 * @param environment the name of the target
 * @throws Problem `unavailable_extensions`; `invalid_sql`
 */
export async function refuseMissingExtensions(
  connection: Connection,
  environment: string,
  files: readonly TextFile[],
): Promise<void> {
  const created = (await listWanted(files)).filter(({ action }) => action === 'create');
  if (created.length === 0) return;
  const rows = await queryPinned<{ name: string; installed: boolean }>(
    connection,
    `select name::text, false as installed from pg_catalog.pg_available_extensions
     union all select extname::text, true from pg_catalog.pg_extension`,
  );
  if (rows.some(({ name, installed }) => installed && name === 'pg_tle')) return;
  const known = new Set(rows.map(({ name }) => name));
  const extensions = [...new Set(created.map(({ name }) => name))].filter((name) => !known.has(name)).sort();
  if (extensions.length > 0) throw new Problem('unavailable_extensions', { environment, extensions });
}

async function listWanted(files: readonly TextFile[]): Promise<ExtensionVersion[]> {
  const wanted: ExtensionVersion[] = [];
  for (const { file, text } of files.filter((one) => /\bextension\b/i.test(one.text)))
    await visitStatements(file, text, ({ tag, node }) => {
      wanted.push(...readExtensionVersions(tag, node));
    });
  return wanted;
}

async function readAvailable(
  connection: Connection,
  wanted: readonly ExtensionVersion[],
): Promise<Available[]> {
  const names = [...new Set(wanted.map(({ name }) => literal(name)))];
  return queryPinned<Available>(
    connection,
    `select a.name::text as name, a.default_version as standard, a.installed_version as installed,
      array(select v.version from pg_catalog.pg_available_extension_versions v where v.name = a.name
        order by 1) as versions,
      array(select u.source || '--' || u.target from pg_catalog.pg_extension_update_paths(a.name) u
        where u.path is not null) as updates
      from pg_catalog.pg_available_extensions a where a.name in (${names.join()})`,
  );
}

// One that is not on the server at all is another problem.
function findMissing(wanted: readonly ExtensionVersion[], available: readonly Available[]): string[] {
  const states = new Map(available.map((one) => [one.name, { ...one, version: one.installed }]));
  const missing: string[] = [];
  for (const { name, version, action, lenient } of wanted) {
    const state = states.get(name);
    if (state === undefined || (action === 'create' && lenient && state.version !== null)) continue;
    const next = version ?? state.standard;
    if (action === 'create' && !state.versions.includes(next))
      missing.push(`${name} ${next} (the server has ${state.versions.join(', ')})`);
    if (action === 'update' && state.version !== null && !hasPath(state, state.version, next))
      missing.push(`${name} ${next} (${listTargets(state, state.version)})`);
    state.version = action === 'drop' ? null : next;
  }
  return missing;
}

const hasPath = ({ updates }: Available, from: string, to: string) =>
  from === to || updates.includes(`${from}--${to}`);

function listTargets({ updates }: Available, from: string): string {
  const targets = updates.flatMap((one) => (one.startsWith(`${from}--`) ? [one.slice(from.length + 2)] : []));
  const others = targets.length === 0 ? 'no other version' : targets.sort().join(', ');
  return `from ${from} the server can update it to ${others}`;
}
