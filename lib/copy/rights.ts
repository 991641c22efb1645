// The rights of a role on a target whose content it replaces: to drop what is there, and to create the rest.
import { eventTriggerId, schemaId } from '../kinds/named-objects.ts';
import { quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { explainDrop, type FoundExtension } from './extensions.ts';
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

/**
 * Checks if the target's role can create the event triggers of the source.
 * @returns none if it can
 * @throws Problem of a connection
 */
export async function checkEventTriggers(ends: CopyEnds, part: SelectedPart): Promise<PreflightCheck[]> {
  const rights = await readRights(ends.to.connection);
  const fault = await explainTriggers(ends, part, rights);
  return fault === null ? [] : toChecks('rights', [fault], '');
}

/**
 * Checks if the target's role can drop the content of the target, and create that of the source there.
 * @throws Problem of a connection
 */
export async function checkRights({ from, to }: CopyEnds, part: SelectedPart): Promise<PreflightCheck[]> {
  const rights = await readRights(to.connection);
  const { role, database, makesSchemas, entersPublic } = rights;
  const isLimited = !makesSchemas || !entersPublic;
  const schemas = isLimited ? await listSchemas(from.connection, part) : [];
  const kept = schemas.length === 0 ? [] : await listKeptSchemas(to.connection);
  const others = schemas.filter((name) => name !== 'public' && !kept.some(({ schema }) => schema === name));
  const { name } = to.named;
  const [me, whole] = [quote(role), `DATABASE ${quote(database)}`];
  const cannot = `the role ${me} of ${name} cannot create`;
  const faults = [
    explainForeign(name, rights),
    !makesSchemas && others.length > 0
      ? `${cannot} the schema ${others[0]}. Run there: GRANT CREATE ON ${whole} TO ${me};`
      : null,
    !entersPublic && schemas.includes('public')
      ? `${cannot} objects in the schema public. Run there: ALTER ${whole} OWNER TO ${me};`
      : null,
    await explainTriggers({ from, to }, part, rights),
  ].filter((fault) => fault !== null);
  return toChecks('rights', faults, `the role ${me} can replace the content of ${name}`);
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

async function listSchemas(source: ServerConnection, part: SelectedPart): Promise<string[]> {
  const names = (await queryPinned<{ name: string }>(source, sourceSchemas)).map(({ name }) => name);
  const catalog = await part();
  if (catalog === null) return names;
  const inPublic = [...catalog.facts.values()].some(({ path }) => path.length > 1 && path[0] === 'public');
  return names.filter((name) => (name === 'public' ? inPublic : catalog.facts.has(schemaId(name))));
}

// They would be created last, after all rows.
async function explainTriggers(
  { from, to }: CopyEnds,
  part: SelectedPart,
  { role, isSuperuser, makesSchemas }: TargetRights,
): Promise<string | null> {
  if (isSuperuser) return null;
  const sql = `select t.evtname::text as name from pg_event_trigger t
    where not exists (select from pg_depend d where d.classid = 'pg_event_trigger'::regclass
      and d.objid = t.oid and d.deptype = 'e')
    order by 1`;
  const names = (await queryPinned<{ name: string }>(from.connection, sql)).map(({ name }) => name);
  const catalog = names.length === 0 ? null : await part();
  const wanted = names.filter((name) => catalog?.facts.has(eventTriggerId(name)) ?? true);
  if (wanted.length === 0 || !(await isDenied(to.connection, creatingTrigger(makesSchemas)))) return null;
  return (
    `the role ${quote(role)} of ${to.named.name} cannot create an event trigger. To go on, connect as a` +
    ` superuser, or pass ${wanted.map((one) => `--exclude '${eventTriggerId(one)}'`).join(' ')}`
  );
}

// A role may lack the right to temporary objects.
function creatingTrigger(makesSchemas: boolean): string {
  const home = makesSchemas ? 'pgmage_trial' : 'pg_temp';
  return `${makesSchemas ? `create schema ${home};` : ''}
    create function ${home}.pgmage_trial() returns pg_catalog.event_trigger
      language plpgsql as 'begin end';
    create event trigger pgmage_trial on ddl_command_end execute function ${home}.pgmage_trial()`;
}
