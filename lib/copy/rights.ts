// The rights of a role on a target whose content it replaces: to drop what is there, and to create the rest.
import type { CreatedObjects } from '../flow/manifest.ts';
import { eventTriggerId, publicationId, schemaId } from '../kinds/named-objects.ts';
import { quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { type ExtensionTarget, explainDrop, type FoundExtension } from './extensions.ts';
import { ownedObjects } from './owned-objects.ts';
import { type CopyEnds, type PreflightCheck, type SelectedPart, toChecks } from './preflight.ts';
import { listForeignExtensions, listKeptSchemas } from './staying.ts';
import { isDenied } from './trial.ts';

// The owner of a schema may drop the objects in it (source: RemoveObjects). Statistics go with their
// table. The schema public stays, and so do schemas with an extension of another role.
const foreign = `select o.*, r.rolname, r.rolsuper
  from (${ownedObjects}) o join pg_roles r on r.oid = o.owner left join pg_namespace n on n.oid = o.home
  where o.class <> 'pg_statistic_ext'::regclass
    and not pg_has_role(o.owner, 'USAGE') and not coalesce(pg_has_role(n.nspowner, 'USAGE'), false)
    and not (o.class = 'pg_namespace'::regclass and (o.oid = to_regnamespace('public')
      or exists (select from pg_extension e where e.extnamespace = o.oid
        and not pg_has_role(e.extowner, 'USAGE'))))`;

interface TargetRights {
  readonly role: string;
  readonly isSuperuser: boolean;
  readonly database: string;
  /** Some of the objects of other roles, that the role cannot drop: `table public.users`. */
  readonly objects: readonly string[];
  readonly count: number;
  readonly owners: readonly string[];
  readonly isSuper: boolean;
  readonly makesSchemas: boolean;
  /** True also if there is no such schema yet. */
  readonly entersPublic: boolean;
}

const question = `with others as (${foreign})
  select current_user::text as role, current_database()::text as database,
    (select r.rolsuper from pg_roles r where r.rolname = current_user) as "isSuperuser",
    to_json(array(select i.type || ' ' || i.identity
      from others o cross join lateral pg_identify_object(o.class, o.oid, 0) i
      order by i.identity, i.type limit 5)) as objects,
    (select count(*)::int from others) as count,
    to_json(array(select distinct rolname::text from others order by 1)) as owners,
    exists (select from others where rolsuper) as "isSuper",
    has_database_privilege(current_database(), 'CREATE') as "makesSchemas",
    coalesce(has_schema_privilege(to_regnamespace('public'), 'CREATE'), true) as "entersPublic"`;

async function readRights(connection: ServerConnection): Promise<TargetRights> {
  const [row] = await queryPinned<TargetRights>(connection, question);
  return row as TargetRights;
}

function explainForeign(
  target: string,
  { role, objects, count, owners, isSuper }: TargetRights,
): string | null {
  if (count === 0) return null;
  const list = `${objects.join(', ')}${count > objects.length ? ` and ${count - objects.length} more` : ''}`;
  const way = isSuper
    ? `Connect as a superuser, or let one run for each: ALTER … OWNER TO ${quote(role)};`
    : `Run there: GRANT ${owners.map(quote).join(', ')} TO ${quote(role)};`;
  return `the role ${quote(role)} of ${target} cannot drop ${list} of ${owners.join(', ')}. ${way}`;
}

/**
 * Why the session's role cannot drop the content of a database, and what to do; null: it can.
 * @param target its name, for messages
 * @throws Problem of the connection
 */
export async function explainForeignObjects(
  connection: ServerConnection,
  target: string,
): Promise<string | null> {
  return explainForeign(target, await readRights(connection));
}

// The schemas of a source that users made; public is among them if objects are in it.
const sourceSchemas = `select n.nspname::text as name from pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (n.nspname <> 'public' or exists (select from (${ownedObjects}) o where o.home = n.oid))
    and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid
      and d.deptype = 'e')
  order by 1`;

const created = `select
  to_json(array(select name from (${sourceSchemas}) s)) as schemas,
  to_json(array(select t.evtname::text from pg_event_trigger t
    where not exists (select from pg_depend d where d.classid = 'pg_event_trigger'::regclass
      and d.objid = t.oid and d.deptype = 'e')
    order by 1)) as "eventTriggers",
  to_json(array(select p.pubname::text from pg_publication p order by 1)) as publications`;

/** The objects of a database whose creation needs rights on a target. @throws Problem of the connection */
export async function listCreated(connection: ServerConnection): Promise<CreatedObjects> {
  const [row] = await queryPinned<CreatedObjects>(connection, created);
  return row as CreatedObjects;
}

/** Leaves out the objects of a source that its copy does not have. @throws Problem of the connection */
export async function selectCreated(all: CreatedObjects, part: SelectedPart): Promise<CreatedObjects> {
  const catalog = await part();
  if (catalog === null) return all;
  const { facts } = catalog;
  const inPublic = [...facts.values()].some(({ path }) => path.length > 1 && path[0] === 'public');
  return {
    schemas: all.schemas.filter((name) => (name === 'public' ? inPublic : facts.has(schemaId(name)))),
    eventTriggers: all.eventTriggers.filter((name) => facts.has(eventTriggerId(name))),
    publications: all.publications.filter((name) => facts.has(publicationId(name))),
  };
}

/** The objects that a target gets. */
export interface Creation {
  /** Lists those of the source. */
  list(): Promise<CreatedObjects>;
  /** Default: the target gets all of them. Its part is read only where the role may lack a right. */
  readonly part?: SelectedPart;
  /** True for a new database, which belongs to the role. */
  readonly isNew: boolean;
}

/**
 * The reasons why a target's role cannot create what it gets, each with what to do.
 * @throws Problem of a connection
 */
export async function explainCreation(
  { name, connection, canExclude = false }: Pick<ExtensionTarget, 'name' | 'connection' | 'canExclude'>,
  { list, part = async () => null, isNew }: Creation,
): Promise<string[]> {
  const rights = await readRights(connection);
  if (rights.isSuperuser) return [];
  const { role, database, makesSchemas, entersPublic } = rights;
  const isLimited = !isNew && !(makesSchemas && entersPublic);
  const all = await list();
  if (!isLimited && all.eventTriggers.length === 0) return [];
  const { schemas, eventTriggers } = await selectCreated(all, part);
  const kept = isLimited ? await listKeptSchemas(connection) : [];
  const others = schemas.filter((one) => one !== 'public' && !kept.some(({ schema }) => schema === one));
  const [me, whole] = [quote(role), `DATABASE ${quote(database)}`];
  const cannot = `the role ${me} of ${name} cannot create`;
  return [
    !isNew && !makesSchemas && others.length > 0
      ? `${cannot} the schema ${others[0]}. Run there: GRANT CREATE ON ${whole} TO ${me};`
      : null,
    !isNew && !entersPublic && schemas.includes('public')
      ? `${cannot} objects in the schema public. Run there: ALTER ${whole} OWNER TO ${me};`
      : null,
    eventTriggers.length > 0 && (await isDenied(connection, creatingTrigger(makesSchemas)))
      ? `${cannot} an event trigger. To go on, connect as a superuser` +
        (canExclude ? adviseExclusion(eventTriggers) : '')
      : null,
  ].filter((fault) => fault !== null);
}

const adviseExclusion = (names: readonly string[]) =>
  `, or pass ${names.map((one) => `--exclude '${eventTriggerId(one)}'`).join(' ')}`;

/**
 * Checks if the target's role can create the event triggers of the source in a new database.
 * @returns none if it can
 * @throws Problem of a connection
 */
export async function checkEventTriggers(
  { from, to }: CopyEnds,
  part: SelectedPart,
): Promise<PreflightCheck[]> {
  const list = () => listCreated(from.connection);
  const target = { name: to.named.name, connection: to.connection, canExclude: true };
  const faults = await explainCreation(target, { list, part, isNew: true });
  return faults.length === 0 ? [] : toChecks('rights', faults, '');
}

/**
 * Checks if the target's role can drop the content of the target, and create that of the source there.
 * @throws Problem of a connection
 */
export async function checkRights({ from, to }: CopyEnds, part: SelectedPart): Promise<PreflightCheck[]> {
  const rights = await readRights(to.connection);
  const { name } = to.named;
  const list = () => listCreated(from.connection);
  const target = { name, connection: to.connection, canExclude: true };
  const foreign = explainForeign(name, rights);
  const faults = [
    ...(foreign === null ? [] : [foreign]),
    ...(await explainCreation(target, { list, part, isNew: false })),
  ];
  return toChecks('rights', faults, `the role ${quote(rights.role)} can replace the content of ${name}`);
}

/**
 * Checks if the target has extensions of other roles in schemas that pg_dump creates: both would be dropped.
 * @param found the extensions of the source, which are checked alone
 * @returns none if it has none
 * @throws Problem of a connection
 */
export async function checkStaying(
  { from, to }: CopyEnds,
  found: readonly FoundExtension[],
): Promise<PreflightCheck[]> {
  const staying = (await listForeignExtensions(to.connection)).filter(
    ({ name, schema }) => schema !== 'public' && !found.some((one) => one.name === name),
  );
  if (staying.length === 0) return [];
  const made = await queryPinned<{ name: string }>(from.connection, sourceSchemas);
  const faults = staying
    .filter(({ schema }) => made.some(({ name }) => name === schema))
    .map(({ name, owner }) => explainDrop(to.named.name, name, owner));
  return faults.length === 0 ? [] : toChecks('extensions', faults, '');
}

// A role may lack the right to temporary objects.
function creatingTrigger(makesSchemas: boolean): string {
  const home = makesSchemas ? 'pgmage_trial' : 'pg_temp';
  return `${makesSchemas ? `create schema ${home};` : ''}
    create function ${home}.pgmage_trial() returns pg_catalog.event_trigger
      language plpgsql as 'begin end';
    create event trigger pgmage_trial on ddl_command_end execute function ${home}.pgmage_trial()`;
}
