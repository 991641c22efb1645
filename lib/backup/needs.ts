// The roles and extensions that a backup needs on the server that restores it.
import { findMissingExtensions, listExtensions, listRoles, listUsedRoles } from '../copy/preflight.ts';
import type { BackupNeeds } from '../flow/manifest.ts';
import type { ServerConnection } from '../pg/connection.ts';

/** Reads what the objects of a database need. @throws Problem of the connection */
export async function readNeeds(connection: ServerConnection): Promise<BackupNeeds> {
  return {
    extensions: (await listExtensions(connection)).map(({ name }) => name),
    roles: await listUsedRoles(connection, true),
    unowned: await listUsedRoles(connection, false),
  };
}

/**
 * The reasons why a server cannot restore a backup: all that it lacks, before anything is tried.
 * @param needs left out: the backup is older than this list
 * @throws Problem of the connection
 */
export async function listLacking(
  connection: ServerConnection,
  needs: BackupNeeds | undefined,
  noOwner: boolean,
): Promise<string[]> {
  if (needs === undefined) return [];
  const known = new Set(await listRoles(connection));
  const roles = (noOwner ? needs.unowned : needs.roles).filter((name) => !known.has(name));
  const extensions = await findMissingExtensions(connection, needs.extensions);
  const way = noOwner ? 'create them there' : 'create them there, or pass --no-owner';
  return [
    ...(roles.length === 0 ? [] : [`it does not have the roles ${roles.join(', ')}: ${way}`]),
    ...(extensions.length === 0
      ? []
      : [`its server does not have the extensions ${extensions.join(', ')}: install them there`]),
  ];
}
