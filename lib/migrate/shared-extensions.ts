// Extensions, and schemas of other programs, that tenants share. The user creates them once, and pgmage uses
// them only where no other role can change what is called.
import { extensionsBeside, type PlacedExtension, sharedBeside } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import { literal, quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { readRecordedSchema } from './compose.ts';
import { refuseOutside } from './schema-fit.ts';
import type { MigrationSession } from './target-state.ts';

/** The extensions and schemas that are needed, as a database has them. */
interface FoundShared {
  readonly extensions: readonly FoundExtension[];
  readonly schemas: readonly SharedSchema[];
}

/** An extension as a database has it. */
interface FoundExtension extends PlacedExtension {
  /** True if it can be moved to another schema. */
  readonly movable: boolean;
}

/** A schema, and the roles besides superusers and one's own that can change what is called in it. */
interface SharedSchema {
  readonly schema: string;
  readonly roles: readonly string[];
}

/**
 * Refuses a tenant whose database lacks an extension of the schema or a schema of another program, or has it
 * where another role can replace functions that migrations call; for a session on a tenant.
 * @param wanted the schema that is reached
 * @returns the ids of these extensions, and of the schemas that they are in
 * @throws Problem `missing_extensions`, `misplaced_extensions`, `missing_external`, `unsafe_schema`
 */
export async function refuseUnshared(
  { external = {} }: Pick<Project, 'external'>,
  connection: Connection,
  wanted: Catalog,
): Promise<ReadonlySet<string>> {
  const { schemas, description: environment } = connection;
  if (schemas === undefined) return new Set();
  const shared = sharedBeside(wanted.facts, schemas.written);
  const needed = [...extensionsBeside(wanted.facts, schemas.written).values()];
  const others = Object.keys(external);
  if (needed.length + others.length === 0) return shared;
  const [answer] = await queryPinned<FoundShared>(connection, sharedQuery(needed, others));
  const { extensions, schemas: homes } = answer as FoundShared;
  const placed = needed.map((one) => ({ ...one, found: extensions.find(({ name }) => name === one.name) }));
  const missing = placed.filter(({ found }) => found === undefined);
  if (missing.length > 0) throw missingProblem(environment, missing);
  const misplaced = placed.filter((one): one is MisplacedExtension => one.found?.schema !== one.schema);
  if (misplaced.length > 0) throw misplacedProblem(environment, misplaced);
  const absent = others.filter((name) => !homes.some(({ schema }) => schema === name));
  if (absent.length > 0) throw new Problem('missing_external', { environment, schemas: absent });
  const unsafe = homes.find(({ roles }) => roles.length > 0);
  if (unsafe === undefined) return shared;
  const { schema, roles } = unsafe;
  throw new Problem('unsafe_schema', { environment, schema: quote(schema), roles });
}

/**
 * Refuses a tenant where a state that its migrations pass through has objects outside of its schema, or needs
 * extensions that `refuseUnshared` refuses: also those that a later migration drops.
 * @param from the fewest applied migrations of these states
 * @param to the most
 * @returns the ids of the extensions in these states, and of the schemas that they are in
 * @throws Problem `outside_schema`, `missing_extensions`, `misplaced_extensions`, `missing_external`,
 * `unsafe_schema`
 */
export async function refuseStates(
  { workspace, connection, files }: Pick<MigrationSession, 'workspace' | 'connection' | 'files'>,
  from: number,
  to: number,
): Promise<ReadonlySet<string>> {
  const shared = new Set<string>();
  if (connection.schemas === undefined) return shared;
  for (let count = Math.max(from, 1); count <= Math.min(to, files.length); count++) {
    const state = await readRecordedSchema(workspace, files.slice(0, count));
    refuseOutside(connection, state);
    for (const id of await refuseUnshared(workspace.project, connection, state)) shared.add(id);
  }
  return shared;
}

function missingProblem(environment: string, missing: readonly PlacedExtension[]): Problem {
  const create = ({ name, schema }: PlacedExtension) =>
    `CREATE EXTENSION ${quote(name)} SCHEMA ${quote(schema)}`;
  return new Problem('missing_extensions', {
    environment,
    extensions: missing.map(({ name, schema }) => `${name} in the schema ${schema}`),
    statements: withHomes(missing, create),
  });
}

/** An extension that is in another schema than it is needed in. */
interface MisplacedExtension extends PlacedExtension {
  readonly found: FoundExtension;
}

function misplacedProblem(environment: string, misplaced: readonly MisplacedExtension[]): Problem {
  const movable = misplaced.filter(({ found }) => found.movable);
  const move = ({ name, schema }: PlacedExtension) =>
    `ALTER EXTENSION ${quote(name)} SET SCHEMA ${quote(schema)}`;
  return new Problem('misplaced_extensions', {
    environment,
    extensions: misplaced.map(
      ({ name, schema, found }) => `${name} is in the schema ${found.schema} instead of ${schema}`,
    ),
    statements: withHomes(movable, move),
    fixed: misplaced.filter(({ found }) => !found.movable).map(({ name }) => name),
  });
}

function withHomes(all: readonly PlacedExtension[], write: (one: PlacedExtension) => string): string[] {
  const home = ({ schema }: PlacedExtension) => `CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`;
  return [...new Set(all.flatMap((one) => [home(one), write(one)]))];
}

// Owners of what is in it can replace it, also members of extensions. Who may become a trusted role is one.
const owned: readonly (readonly [catalog: string, owner: string, schema: string])[] = [
  ['pg_namespace', 'nspowner', 'oid'],
  ['pg_class', 'relowner', 'relnamespace'],
  ['pg_collation', 'collowner', 'collnamespace'],
  ['pg_opclass', 'opcowner', 'opcnamespace'],
  ['pg_operator', 'oprowner', 'oprnamespace'],
  ['pg_proc', 'proowner', 'pronamespace'],
  ['pg_type', 'typowner', 'typnamespace'],
];

// The only member of pg_database_owner is the owner of the database (manual: Predefined Roles). A right of
// PUBLIC is that of all roles, which are not listed one by one.
const sharedQuery = (needed: readonly PlacedExtension[], others: readonly string[]) => `
  with trusted as (select oid from pg_roles where rolsuper or rolname = current_user),
    others as (select r.oid, r.rolname from pg_roles r where r.rolname <> 'pg_database_owner'
      and not exists (select from trusted t where pg_has_role(r.oid, t.oid, 'member'))),
    homes as (select n.oid, n.nspname, exists (select from aclexplode(n.nspacl) a where a.grantee = 0
        and a.privilege_type = 'CREATE') as is_open
      from pg_namespace n
      where n.nspname = any (${list([...others, ...needed.map(({ schema }) => schema)])}))
  select to_json(array(select json_build_object('name', e.extname, 'movable', e.extrelocatable,
        'schema', (select n.nspname from pg_namespace n where n.oid = e.extnamespace))
      from pg_extension e where e.extname = any (${list(needed.map(({ name }) => name))}))) as extensions,
    to_json(array(select json_build_object('schema', h.nspname, 'roles', array(
        select 'PUBLIC' where h.is_open
        union all (select o.rolname::text from others o
          where (not h.is_open and has_schema_privilege(o.oid, h.oid, 'create')) or o.oid in (
            select case w.owner when 'pg_database_owner'::regrole
                then (select d.datdba from pg_database d where d.datname = current_database())
                else w.owner end
            from (${owned
              .map(([catalog, owner, schema]) => `select ${owner} from ${catalog} where ${schema} = h.oid`)
              .join(' union ')}) w (owner))
          order by 1 limit 5)))
      from homes h order by h.nspname)) as schemas`;

const list = (texts: readonly string[]) => `array[${texts.map(literal).join()}]::text[]`;
