// Functions of a backup that the server runs with the rights of the role that restores it, while it only
// makes the schema: it computes what never changes as soon as a table is defined. So nothing of the schema
// is made where one of them belongs to another role.
import type { Manifest } from '../flow/manifest.ts';
import { findPlannedCode } from '../flow/planned-code.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { readAndRelease } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import type { RestoreWay } from './needs.ts';

// They have no rights to gain.
const trusted = 'select rolname::text as name from pg_roles where rolsuper or rolname = current_user';

/**
 * The roles whose functions may run with the rights of the session. They are read before anything is loaded:
 * what is loaded could change them.
 * @throws Problem of the connection
 */
export async function listTrustedRoles(connection: ServerConnection): Promise<string[]> {
  return (await queryPinned<{ name: string }>(connection, trusted)).map(({ name }) => name);
}

/**
 * Refuses a backup whose schema calls functions of other roles, before anything of it is loaded. Without
 * owners all functions belong to the role that restores.
 * @returns a warning, if the backup does not say which functions it calls; else null
 * @throws Problem `planned_code`; of the connection
 */
export async function refusePlannedCalls(
  connection: ServerConnection,
  { file, needs, unowned }: Pick<Manifest, 'file' | 'needs' | 'unowned'>,
  { target, noOwner }: RestoreWay,
): Promise<string | null> {
  const { planned, owners } = needs ?? {};
  if (planned?.length === 0 || noOwner || unowned) return null;
  const names = new Set(await listTrustedRoles(connection));
  if (planned === undefined) {
    const isOwn = owners?.every((owner) => names.has(owner)) ?? false;
    return isOwn ? null : describeUnlisted(file);
  }
  const calls = planned.filter(({ owner }) => !names.has(owner)).map(({ text }) => text);
  if (calls.length > 0)
    throw new Problem('planned_code', { environment: `${target} (restore of ${file})`, calls });
  return null;
}

const describeUnlisted = (file: string) =>
  `${file} is of an earlier release, which did not list functions of other roles. Some may run with your` +
  ' rights while tables are made; pgmage finds them after that, and rolls back';

/**
 * Refuses a schema that was loaded in the open transaction, before its rows and indexes are made: a backup of
 * an earlier release does not name its functions. Settings of the transaction stay as they are.
 * @param roles of `listTrustedRoles`
 * @throws Problem `planned_code`; of the connection
 */
export function refuseLoadedCode(
  connection: ServerConnection,
  environment: string,
  roles: readonly string[],
): Promise<void> {
  return readAndRelease(connection, async () => {
    const calls = (await findPlannedCode(connection, { except: roles })).map(({ text }) => text);
    if (calls.length > 0) throw new Problem('planned_code', { environment, calls });
  });
}
