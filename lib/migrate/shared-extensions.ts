// Extensions that tenants share: a program of the user creates them once, and pgmage uses them only where no
// other role can change what is called.
import { extensionsBeside, type PlacedExtension } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import { literal, quote } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { readRecordedSchema } from './compose.ts';
import { refuseOutside } from './schema-fit.ts';
import type { MigrationSession } from './target-state.ts';

/** A schema, and the roles besides superusers and one's own that can change what is called in it. */
interface SharedSchema {
  readonly schema: string;
  readonly extensions: readonly string[];
  readonly roles: readonly string[];
}

/**
 * Refuses a tenant whose database lacks an extension of the schema, or has it where another role can replace
 * functions that migrations call; for a session on a tenant.
 * @param wanted the schema that is reached
 * @throws Problem `missing_extensions`, `unsafe_schema`
 */
export async function refuseUnshared(connection: Connection, wanted: Catalog): Promise<void> {
  const { schemas, description: environment } = connection;
  if (schemas === undefined) return;
  const needed = [...extensionsBeside(wanted.facts, schemas.written).values()];
  if (needed.length === 0) return;
  const found = await queryPinned<SharedSchema>(connection, sharedQuery(needed));
  const isThere = ({ name, schema }: PlacedExtension) =>
    found.some((one) => one.schema === schema && one.extensions.includes(name));
  const missing = needed.filter((one) => !isThere(one));
  if (missing.length > 0) throw missingProblem(environment, missing);
  const unsafe = found.find(({ roles }) => roles.length > 0);
  if (unsafe === undefined) return;
  const { schema, roles } = unsafe;
  throw new Problem('unsafe_schema', { environment, schema: quote(schema), roles });
}

/**
 * Refuses a tenant where a state that its migrations pass through has objects outside of its schema, or needs
 * extensions that `refuseUnshared` refuses: also those that a later migration drops.
 * @param from the fewest applied migrations of these states
 * @param to the most
 * @throws Problem `outside_schema`, `missing_extensions`, `unsafe_schema`
 */
export async function refuseStates(
  { workspace, connection, files }: Pick<MigrationSession, 'workspace' | 'connection' | 'files'>,
  from: number,
  to: number,
): Promise<void> {
  if (connection.schemas === undefined) return;
  for (let count = Math.max(from, 1); count <= Math.min(to, files.length); count++) {
    const state = await readRecordedSchema(workspace, files.slice(0, count));
    refuseOutside(connection, state);
    await refuseUnshared(connection, state);
  }
}

function missingProblem(environment: string, missing: readonly PlacedExtension[]): Problem {
  const statements = missing.flatMap(({ name, schema }) => [
    `CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`,
    `CREATE EXTENSION ${quote(name)} SCHEMA ${quote(schema)}`,
  ]);
  return new Problem('missing_extensions', {
    environment,
    extensions: missing.map(({ name, schema }) => `${name} in the schema ${schema}`),
    statements: [...new Set(statements)],
  });
}

// Owners of what is in it can replace it, also members of extensions. Who may become a trusted role is one.
const owned: readonly (readonly [catalog: string, owner: string, schema: string])[] = [
  ['pg_class', 'relowner', 'relnamespace'],
  ['pg_collation', 'collowner', 'collnamespace'],
  ['pg_opclass', 'opcowner', 'opcnamespace'],
  ['pg_operator', 'oprowner', 'oprnamespace'],
  ['pg_proc', 'proowner', 'pronamespace'],
  ['pg_type', 'typowner', 'typnamespace'],
];

const sharedQuery = (needed: readonly PlacedExtension[]) => `
  with trusted as (select oid from pg_roles where rolsuper or rolname = current_user),
    others as (select r.oid, r.rolname from pg_roles r where not exists (select from trusted t
      where pg_has_role(r.oid, t.oid, 'member')))
  select n.nspname::text as schema, to_json(array(select e.extname::text from pg_extension e
      where e.extnamespace = n.oid)) as extensions,
    to_json(array(select o.rolname::text from others o where has_schema_privilege(o.oid, n.oid, 'create')
      or o.oid = n.nspowner or o.oid in (${owned
        .map(([catalog, owner, schema]) => `select ${owner} from ${catalog} where ${schema} = n.oid`)
        .join(' union ')}) order by 1 limit 5)) as roles
  from pg_namespace n
  where n.nspname in (${[...new Set(needed.map(({ schema }) => literal(schema)))].join()})
  order by 1`;
