// Tenants that are schemas: what the wanted schema and migrations must be, so that each of them can have it.

import { kinds } from '../kinds/index.ts';
import { extensionId, schemaId, sharedBeside } from '../kinds/named-objects.ts';
import { type Catalog, getParent, getRoot } from '../model/catalog.ts';
import { isEqual } from '../model/diff.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { Fact } from '../model/fact.ts';
import { nameFact } from '../model/fact-name.ts';
import { qualify, quote } from '../model/quote.ts';
import { ledgerSchema, type SchemaPair, tenantLedger } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { formatPlace, locate } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { readSourceFiles } from '../project/source.ts';
import type { TextFile } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { readSchemaUse, type SchemaReading } from '../sql/schema-doubts.ts';

/** A target or a session, which may be of one schema. */
interface Placed {
  readonly schemas?: SchemaPair;
}

const mostObjects = 5;

/**
 * Refuses a schema with objects outside of the one that tenants have; for a target that is a schema.
 * @throws Problem `outside_schema`
 */
export function refuseOutside({ schemas }: Placed, wanted: Catalog): void {
  if (schemas === undefined) return;
  const usual = emptyCatalog(wanted.major, kinds).facts;
  const shared = sharedBeside(wanted.facts, schemas.written);
  const outside = [...wanted.facts.values()].filter(
    (fact) =>
      !shared.has(fact.id) &&
      !isInside(wanted, fact, schemas.written) &&
      !isEqual(usual.get(fact.id)?.payload, fact.payload),
  );
  const ids = new Set(outside.map(({ id }) => id));
  const names = outside.filter(({ parent }) => !ids.has(parent ?? '')).map((fact) => nameFact(fact, kinds));
  if (names.length === 0) return;
  const more = names.length > mostObjects ? [`and ${names.length - mostObjects} more`] : [];
  throw new Problem('outside_schema', {
    schema: schemas.written,
    objects: [...names.slice(0, mostObjects), ...more],
  });
}

// Of the schema itself, only default privileges are inside: all else belongs to the program that creates it.
function isInside(catalog: Catalog, fact: Fact, schema: string): boolean {
  const root = getRoot(catalog, fact);
  if (root.id !== schemaId(schema)) return root.path.length > 1 && root.path[0] === schema;
  return fact === root || (getParent(catalog, fact) === root && fact.path.length === 3);
}

/**
 * Refuses an empty schema with a ledger of applied migrations: a tenant that was dropped and created again.
 * @param recorded the schema of the applied migrations
 * @throws Problem `tenant_emptied`
 */
export function refuseEmptied(
  { schemas, description }: Connection,
  { recorded, actual }: { readonly recorded: Catalog; readonly actual: Catalog },
): void {
  if (schemas === undefined || !hasObjects(recorded, schemas) || hasObjects(actual, schemas)) return;
  throw new Problem('tenant_emptied', { environment: description, ledger: quote(tenantLedger(schemas)) });
}

function hasObjects(catalog: Catalog, { written }: SchemaPair): boolean {
  const roots = [...catalog.facts.values()].map((fact) => getRoot(catalog, fact));
  return roots.some(({ id, path }) => id !== schemaId(written) && path.length > 1 && path[0] === written);
}

/**
 * Refuses migrations whose SQL cannot be rewritten with certainty, or that work with shared objects which are
 * only there meanwhile, or change rows of external schemas; for a target that is a schema.
 * @param shared the ids of the shared objects of the states before and after (`refuseStates`)
 * @throws Problem `unclear_schema`, `outside_schema`, `external_changed` with the place; `invalid_sql`
 */
export async function refuseUnclear(
  { external = {} }: Pick<Project, 'external'>,
  { schemas }: Placed,
  files: readonly TextFile[],
  shared: ReadonlySet<string>,
): Promise<void> {
  if (schemas === undefined) return;
  const { written, actual } = schemas;
  const reason = `it has the name ${actual}, which is also the tenant's schema`;
  for (const file of files) {
    await refuseFile(written, file, [ledgerName, { name: actual, reason }]);
    await refuseMeanwhile(written, file, shared);
    await refuseRowWrites(written, file, Object.keys(external));
  }
}

// Each tenant would run them again.
async function refuseRowWrites(written: string, of: TextFile, external: readonly string[]): Promise<void> {
  const { file, text } = of;
  const { writes } = await readUse(written, of);
  const found = writes.find(({ schema }) => schema !== null && external.includes(schema));
  if (found === undefined) return;
  const { schema, name, index } = found;
  const where = locate(file, text, index);
  const object = `rows of ${qualify([String(schema), name])} (${formatPlace(where)})`;
  throw new Problem('external_changed', { objects: [object] }, { where });
}

// Statements on shared objects are not run for a tenant, so what they make must be known and checked before.
async function refuseMeanwhile(schema: string, of: TextFile, known: ReadonlySet<string>): Promise<void> {
  const { file, text } = of;
  const { shared } = await readUse(schema, of);
  for (const { schemas, extension, index } of shared) {
    const objects = [
      ...schemas.filter((name) => !known.has(schemaId(name))).map((name) => `SCHEMA ${quote(name)}`),
      ...(extension === null || known.has(extensionId(extension)) ? [] : [`EXTENSION ${quote(extension)}`]),
    ];
    if (objects.length === 0) continue;
    // Reports of tenants show the message alone.
    const where = locate(file, text, index);
    const placed = objects.map((one) => `${one} (${formatPlace(where)})`);
    throw new Problem('outside_schema', { schema, objects: placed }, { where });
  }
}

const ledgerName = { name: ledgerSchema, reason: `it names ${ledgerSchema}, the schema of the ledger` };

/** A name that a file may not have, and why. */
interface RefusedName {
  readonly name: string;
  readonly reason: string;
}

// A file is read once, however many tenants there are.
const readings = new WeakMap<TextFile, { readonly schema: string; readonly use: Promise<SchemaReading> }>();

function readUse(schema: string, of: TextFile): Promise<SchemaReading> {
  const known = readings.get(of);
  if (known?.schema === schema) return known.use;
  const use = readSchemaUse(of.file, of.text, schema);
  readings.set(of, { schema, use });
  return use;
}

async function refuseFile(schema: string, of: TextFile, refused: readonly RefusedName[]): Promise<void> {
  const { file, text } = of;
  const { doubt, names } = await readUse(schema, of);
  const taken = refused.flatMap(({ name, reason }) => {
    const index = names.get(name);
    return index === undefined ? [] : [{ index, reason }];
  });
  const found = doubt ?? taken[0];
  if (found === undefined) return;
  const where = locate(file, text, found.index);
  throw new Problem('unclear_schema', { schema, file, reason: found.reason }, { where });
}

/**
 * Refuses a wanted schema that not every tenant can have; for a target that is a schema.
 * @throws Problem `outside_schema`, `unclear_schema` with the place; of the files
 */
export async function refuseUnfit(workspace: Workspace, target: Placed, wanted: Catalog): Promise<void> {
  if (target.schemas === undefined) return;
  refuseOutside(target, wanted);
  // A name that is one tenant's concerns that tenant alone: its migrations are looked at there.
  const { written } = target.schemas;
  const shared = sharedBeside(wanted.facts, written);
  for (const file of await readSourceFiles(workspace, workspace.project.schema)) {
    await refuseFile(written, file, [ledgerName]);
    await refuseMeanwhile(written, file, shared);
  }
}
