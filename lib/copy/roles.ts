// The roles of a source on the target's server: they exist there, and the target's role can make them owners.
import { isOwnedBy, schemaId } from '../kinds/named-objects.ts';
import type { Fact } from '../model/fact.ts';
import { literal, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { ExtensionWay } from './extensions.ts';
import { listNeededOwners, listOwners, ownedObjects } from './owned-objects.ts';
import { type CopyEnds, type PreflightCheck, type SelectedPart, toCheck } from './preflight.ts';
import { listKeptSchemas } from './staying.ts';

const used = (owners: boolean) => `select distinct r.rolname::text as name from pg_roles r
  where r.rolname !~ '^pg_' and (exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass
      and d.refobjid = r.oid and d.dbid = (select oid from pg_database where datname = current_database())
      and (d.deptype = 'r' or ${owners} and (d.deptype = 'a' or d.classid = 'pg_user_mapping'::regclass)))
    or ${owners} and r.oid in (select o.owner from (${ownedObjects}) o))
  order by 1`;

/**
 * The roles that the objects of a database refer to. @param owners with those of owners and privileges
 * @throws Problem of the connection
 */
export async function listUsedRoles(connection: ServerConnection, owners: boolean): Promise<string[]> {
  return (await queryPinned<{ name: string }>(connection, used(owners))).map(({ name }) => name);
}

/** The roles among some that a server does not have. @throws Problem of the connection */
export async function findMissingRoles(
  connection: ServerConnection,
  names: readonly string[],
): Promise<string[]> {
  const sql = 'select rolname::text as name from pg_roles';
  const known = new Set((await queryPinned<{ name: string }>(connection, sql)).map(({ name }) => name));
  return names.filter((name) => !known.has(name));
}

interface ClosedRole {
  readonly name: string;
  readonly isSuper: boolean;
  /** The session's role is a member, which does not inherit the rights, or cannot switch to the role. */
  readonly isMember: boolean;
  readonly me: string;
  readonly inherits: boolean;
}

/**
 * Why the session's role cannot make some roles the owners of objects, and how to change it; null: it can.
 * Membership alone was enough before 16; since then it has options (manual: "Role Membership").
 * @param target its name, for messages
 * @throws Problem of the connection
 */
export async function explainClosedOwners(
  connection: ServerConnection,
  target: string,
  owners: readonly string[],
): Promise<string | null> {
  if (owners.length === 0) return null;
  const sets = connection.major >= 16 ? 'SET' : 'MEMBER';
  const found = await queryPinned<ClosedRole>(
    connection,
    `select r.rolname::text as name, r.rolsuper as "isSuper", pg_has_role(r.oid, 'MEMBER') as "isMember",
        me.rolname::text as me, me.rolinherit as inherits
      from pg_roles r join pg_roles me on me.rolname = current_user
      where r.rolname in (${owners.map(literal).join(', ')})
        and not (pg_has_role(r.oid, 'USAGE') and pg_has_role(r.oid, '${sets}'))
      order by 1`,
  );
  const [first] = found;
  if (first === undefined) return null;
  const me = quote(first.me);
  const names = found.map(({ name }) => name).join(', ');
  const way = found.some(({ isSuper }) => isSuper)
    ? 'connect as a superuser'
    : `run there: ${grantsOf(found, me, connection.major)}`;
  return `the role ${me} of ${target} cannot make ${names} the owner of objects. Pass --no-owner, or ${way}`;
}

function grantsOf(found: readonly ClosedRole[], me: string, major: number): string {
  const inherits = found.every((one) => one.inherits);
  const list = (all: readonly ClosedRole[]) => all.map(({ name }) => quote(name)).join(', ');
  if (major >= 16) {
    const options = inherits && !found.some(({ isMember }) => isMember);
    return `GRANT ${list(found)} TO ${me}${options ? '' : ' WITH INHERIT TRUE, SET TRUE'};`;
  }
  const others = found.filter(({ isMember }) => !isMember);
  return [
    ...(others.length > 0 ? [`GRANT ${list(others)} TO ${me};`] : []),
    ...(inherits ? [] : [`ALTER ROLE ${me} INHERIT;`]),
  ].join(' ');
}

/**
 * Checks if the roles of the source exist on the target, and if the target's role can make the owners among
 * them owners there. pgmage never creates roles.
 * @param way null: the target keeps its schema
 * @param owners true if owners and privileges are copied
 * @throws Problem of a connection
 */
export async function checkRoles(
  { from, to }: CopyEnds,
  way: ExtensionWay | null,
  owners: boolean,
  part: SelectedPart,
): Promise<PreflightCheck> {
  const all = await listUsedRoles(from.connection, owners);
  const missing = await narrowed(await findMissingRoles(to.connection, all), part, mentions);
  const fine = all.length === 0 ? 'none is needed' : all.join(', ');
  if (missing.length > 0) {
    const way = owners
      ? 'create them there, or pass --no-owner, so that the cloning role owns every object'
      : 'create them there';
    return toCheck('roles', `${to.named.name} does not have ${missing.join(', ')}: ${way}`, fine);
  }
  if (!owners || way === null) return toCheck('roles', null, fine);
  const closed = (names: readonly string[]) => explainClosedOwners(to.connection, to.named.name, names);
  const kept = way === 'kept' ? await listKeptSchemas(to.connection) : [];
  const named = listNeededOwners(await listOwners(from.connection), kept);
  const isIn = (fact: Fact, name: string) =>
    isOwnedBy(fact, name) &&
    !kept.some(({ schema, owner }) => owner === name && fact.parent === schemaId(schema));
  const fault = (await closed(named)) && (await closed(await narrowed(named, part, isIn)));
  return toCheck('roles', fault, fine);
}

async function narrowed(
  names: readonly string[],
  part: SelectedPart,
  isIn: (fact: Fact, name: string) => boolean,
): Promise<readonly string[]> {
  const catalog = names.length === 0 ? null : await part();
  if (catalog === null) return names;
  return names.filter((name) => [...catalog.facts.values()].some((fact) => isIn(fact, name)));
}

// Kinds keep names of roles in different places.
function mentions({ path, payload }: Fact, role: string): boolean {
  const has = (value: unknown): boolean =>
    value === role || (typeof value === 'object' && value !== null && Object.values(value).some(has));
  return path.includes(role) || has(payload);
}
