// The roles and extensions that a backup needs on the server that restores it.
import {
  type ExtensionTarget,
  explainExtensions,
  findExtensions,
  listExtensions,
} from '../copy/extensions.ts';
import { listNeededOwners, listOwners } from '../copy/owned-objects.ts';
import {
  explainPrivileged,
  explainTablespaces,
  listPrivileged,
  listTablespaces,
} from '../copy/privileged.ts';
import { explainCreation, explainForeignObjects, listCreated } from '../copy/rights.ts';
import { explainClosedOwners, findMissingRoles, listUsedRoles } from '../copy/roles.ts';
import { listForeignExtensions, listKeptSchemas } from '../copy/staying.ts';
import { detectFormat } from '../flow/formats.ts';
import type { BackupNeeds, Manifest } from '../flow/manifest.ts';
import { findPlannedCode } from '../flow/planned-code.ts';
import type { ServerConnection } from '../pg/connection.ts';

/** Reads what the objects of a database need. @throws Problem of the connection */
export async function readNeeds(connection: ServerConnection): Promise<BackupNeeds> {
  const { names: owners, schemas } = await listOwners(connection);
  return {
    extensions: (await listExtensions(connection)).map(({ name }) => name),
    roles: await listUsedRoles(connection, true),
    unowned: await listUsedRoles(connection, false),
    owners,
    schemas,
    privileged: await listPrivileged(connection),
    tablespaces: await listTablespaces(connection),
    created: await listCreated(connection),
    planned: (await findPlannedCode(connection, 'all')).map(({ owner, text }) => ({ owner, text })),
  };
}

/** How a backup is restored. */
export interface RestoreWay {
  /** The name of the target, for messages. */
  readonly target: string;
  readonly noOwner: boolean;
  /** True for a drill, in a database of its own. */
  readonly isNew?: boolean;
}

/**
 * The reasons why a role cannot restore a backup: all that it lacks, before anything is tried.
 * @throws Problem of the connection
 */
export async function listLacking(
  connection: ServerConnection,
  { file, needs, unowned }: Pick<Manifest, 'file' | 'needs' | 'unowned'>,
  { target, noOwner, isNew = false }: RestoreWay,
): Promise<string[]> {
  // A script of pg_dump creates all extensions.
  const way = isNew ? 'elsewhere' : detectFormat(file) === 'native' ? 'kept' : 'created';
  const into: ExtensionTarget = { name: target, connection, way };
  const reasons = await listUndroppable(into);
  // The backup is older than this list.
  if (needs === undefined) return reasons;
  return [
    ...reasons,
    ...(await listLackingRoles(into, needs, noOwner || unowned === true)),
    ...(await listLackingExtensions(into, needs)),
    ...(await explainPrivileged(into, needs.privileged ?? [])),
    ...(await explainTablespaces(into, needs.tablespaces ?? [])),
    ...(await listLackingRights(into, needs)),
  ];
}

async function listLackingRights(into: ExtensionTarget, { created }: BackupNeeds): Promise<string[]> {
  if (created === undefined) return [];
  const list = async () => created;
  return explainCreation(into, { list, isNew: into.way === 'elsewhere' });
}

/** The content of a target that its role cannot drop, with what to do. @throws Problem of the connection */
export async function listUndroppable({ name: target, connection, way }: ExtensionTarget): Promise<string[]> {
  const foreign = await explainForeignObjects(connection, target);
  const extensions = way === 'created' ? await listForeignExtensions(connection) : [];
  return [
    ...(foreign === null ? [] : [foreign]),
    ...extensions.map(
      ({ name, owner }) =>
        `the role of ${target} cannot drop the extension ${name} of ${owner}. To go on, connect as a` +
        ' superuser, or restore a backup of db:backup --engine native, which leaves it there',
    ),
  ];
}

async function listLackingRoles(
  { name, connection, way }: ExtensionTarget,
  { roles, unowned, owners: names = [], schemas = [] }: BackupNeeds,
  noOwner: boolean,
): Promise<string[]> {
  const missing = await findMissingRoles(connection, noOwner ? unowned : roles);
  const advice = noOwner ? 'create them there' : 'create them there, or pass --no-owner';
  if (missing.length > 0) return [`it does not have the roles ${missing.join(', ')}: ${advice}`];
  if (noOwner) return [];
  const kept = way === 'kept' ? await listKeptSchemas(connection) : [];
  const owners = listNeededOwners({ names, schemas }, kept);
  const closed = await explainClosedOwners(connection, name, owners);
  return closed === null ? [] : [closed];
}

async function listLackingExtensions(
  target: ExtensionTarget,
  { extensions }: BackupNeeds,
): Promise<string[]> {
  const wanted = extensions.map((name) => ({ name, version: null, schema: null }));
  const found = await findExtensions(target.connection, wanted);
  const absent = found.filter(({ isAvailable }) => !isAvailable).map(({ name }) => name);
  // Those of other roles are named above.
  const own = found.filter(({ there }) => there?.isOwn !== false);
  return [
    ...(absent.length === 0
      ? []
      : [`its server does not have the extensions ${absent.join(', ')}: install them there`]),
    ...(await explainExtensions(target, target.way === 'created' ? own : found)),
  ];
}
