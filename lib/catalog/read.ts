// Reads a database into a catalog: one query per kind that it holds, one of pg_depend, all in one snapshot.
import { type Catalog, withRelations } from '../model/catalog.ts';
import type { Fact, Json, Payload } from '../model/fact.ts';
import type { IntrospectionRow } from '../model/introspection.ts';
import type { AnyKind, Kinds } from '../model/kind.ts';
import { qualify } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { Addresses } from './addresses.ts';
import { TenantRows } from './tenant-rows.ts';
import { type UnmanagedObject, unmanagedQuery } from './unmanaged.ts';

// Each query gives one value instead of tens of thousands of rows: to take rows apart is what costs here.
const all = (query: string) => `select coalesce(json_agg(r), '[]') from (${query}\n) r`;

const stateQuery = `select json_build_object('role', current_user, 'classes', (select json_object_agg(c.oid,
  c.relname)
  from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r'))`;

const dependencyColumns = `coalesce(string_agg(concat_ws(',', d.classid, d.objid, d.objsubid, d.refclassid,
    d.refobjid, d.refobjsubid, d.deptype), ';'), '')`;
const dependenciesQuery = `select ${dependencyColumns} from pg_depend d where d.objid >= 16384`;

interface FactDraft {
  readonly row: IntrospectionRow;
  readonly fact: Fact;
}

/**
 * Reads everything that `kinds` know of a database, in two batches: which kinds there are, and their facts.
 * The caller says in which snapshot and with which settings it runs (`snapshot` in `pg/`).
 * @throws Problem `tenant_ties`; as the connection throws it, e.g. for a catalog that may not be read
 */
export async function readCatalog(connection: Connection, kinds: Kinds): Promise<Catalog> {
  const { major, schemas } = connection;
  const tenant = schemas === undefined ? null : await TenantRows.load(schemas);
  if (tenant !== null) await connection.stream([tenant.chooseObjects()], () => undefined);
  const list = await presentKinds(connection, kinds, (query) => tenant?.limit(query) ?? query);
  const addresses = new Addresses();
  const drafts: FactDraft[] = [];
  let server = { role: '', classes: {} };
  let unmanaged: UnmanagedObject[] = [];
  const steps: (readonly [query: string, take: (value: never) => void])[] = [
    [stateQuery, (value: typeof server) => (server = value)],
    [
      tenant?.dependenciesWithShared(dependencyColumns) ?? dependenciesQuery,
      (value: string) => addresses.depend(value, server.classes),
    ],
    [all(tenant?.limit(unmanagedQuery) ?? unmanagedQuery), (value: UnmanagedObject[]) => (unmanaged = value)],
    ...(tenant === null
      ? []
      : [[tenant.tiesQuery(), (value: string[]) => tenant.refuseTies(value)] as const]),
    ...list.map((kind): [string, (value: IntrospectionRow[]) => void] => [
      all(tenant?.limit(kind.introspect(major)) ?? kind.introspect(major)),
      (rows) => drafts.push(...drawn(kind.name, tenant?.choose(kind, rows) ?? rows, addresses)),
    ]),
  ];
  await connection.stream(
    steps.map(([query]) => query),
    (value, index) => steps[index]?.[1](value as never),
  );
  const resolved = drafts.map((entry) => withOrigins(entry, addresses));
  const found = new Map(resolved.map(({ fact }) => [fact.id, fact]));
  const { facts, shared } = tenant?.complete(found, major, kinds) ?? { facts: found, shared: undefined };
  const described = tenant?.describe(unmanaged) ?? unmanaged.map(({ description }) => description);
  const state = { major, role: server.role, unmanaged: described, ...(shared && { shared }) };
  return withRelations(state, facts, () => addresses.relations(resolved));
}

function drawn(kind: string, rows: readonly IntrospectionRow[], addresses: Addresses): FactDraft[] {
  const made = rows.map((row) => draft(kind, row, addresses));
  const found = made.filter((entry): entry is FactDraft => entry !== undefined);
  found.sort((a, b) => a.fact.position - b.fact.position || (a.fact.id < b.fact.id ? -1 : 1));
  for (const entry of found) addresses.claim(entry.row.addresses, entry.fact);
  return found;
}

async function presentKinds(
  connection: Connection,
  kinds: Kinds,
  limit: (query: string) => string,
): Promise<AnyKind[]> {
  const conditions = [...new Set([...kinds.values()].flatMap(({ present }) => present ?? []))];
  const [answer] = await connection.rows<{ there: boolean[] }>(
    `select to_json(array[${limit(conditions.join())}]::boolean[]) as there`,
  );
  const absent = new Set(conditions.filter((_, index) => answer?.there[index] === false));
  return [...kinds.values()].filter(({ present }) => present === undefined || !absent.has(present));
}

function draft(kind: string, row: IntrospectionRow, addresses: Addresses): FactDraft | undefined {
  const at = row.target ?? row.parent;
  // A comment on a part of an object, such as an extension's function, does not belong to the whole.
  const above = at == null ? undefined : row.target == null ? addresses.resolve(at) : addresses.claimant(at);
  if (at != null && above === undefined) return undefined;
  const own = `${qualify(row.path)}${row.signature ?? ''}`;
  const fact: Fact = {
    id: row.target === undefined ? `${kind}:${own}` : `${kind}:${own}@${above?.id}`,
    kind,
    path: row.target === undefined ? row.path : [...(above?.path ?? []), ...row.path],
    signature: row.signature ?? '',
    parent: above?.id ?? null,
    origins: [],
    ...(row.outlives ? { outlives: true } : {}),
    position: row.position ?? 0,
    payload: payloadOf(row),
  };
  return { row, fact };
}

const reserved = new Set(
  'addresses path signature parent target origins outlives needs dies edges instead position'.split(' '),
);

function payloadOf(row: IntrospectionRow): Payload {
  const payload: Record<string, Json> = {};
  for (const name in row) if (!reserved.has(name)) payload[name] = row[name] as Json;
  return payload;
}

// Origins may belong to rows read later, so they are resolved once everything has been claimed.
function withOrigins(entry: FactDraft, addresses: Addresses): FactDraft {
  if (!entry.row.origins?.length) return entry;
  const origins = entry.row.origins.flatMap((address) => addresses.resolve(address)?.id ?? []);
  const fact = { ...entry.fact, origins };
  addresses.claim(entry.row.addresses, fact);
  return { ...entry, fact };
}
