// The tenants of an environment, as its query or its server lists them.

import { writtenSchema } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { readUrl, replaceDatabase } from '../pg/url.ts';
import { formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import { openServer, type Reachable } from '../project/source.ts';
import type { Target, TenantsPlace } from '../project/world.ts';
import { placeOf } from '../project/write-access.ts';
import { readTenantNames } from './names.ts';
import { readTenantQuery } from './query.ts';

/** One tenant. */
export interface Tenant {
  /** As reports and `--env shops:NAME` name it. */
  readonly name: string;
  /** Its database, as an environment. */
  readonly target: Reachable;
}

/** A row of the list, as the server gives it. */
interface TenantRow {
  readonly name?: unknown;
  readonly url?: unknown;
  readonly database?: unknown;
  readonly schema?: unknown;
}

// A name stands in each line of a report.
const longest = 200;
// The tenants that the hint of an unknown one names.
const most = 20;

/**
 * Lists the tenants, the canary first.
 * @throws Problem `bad_tenants`; of the connection
 */
export async function listTenants({ target, rule, external = [] }: TenantsPlace): Promise<Tenant[]> {
  const wrong = (reason: string) => new Problem('bad_tenants', { environment: target.name, reason });
  const { url } = target;
  if (url === null) throw wrong('it has no url');
  const connection = await openServer({ ...target, url });
  const read = readRows(connection, rule, external, wrong);
  const { rows, leftOut } = await read.finally(() => connection.close());
  const other = rows.find(({ schema }) => external.includes(String(schema)))?.schema;
  if (other !== undefined) throw wrong(`the schema ${other} is external, so it cannot be a tenant`);
  const tenants = rows.map((row) => makeTenant({ ...target, url }, row, wrong));
  if (tenants.length === 0) throw wrong(describeNone(rule, leftOut));
  refuseTwice(tenants, wrong);
  const { canary } = rule;
  if (canary === undefined) return tenants;
  const first = tenants.find(({ name }) => name === canary);
  if (first === undefined && leftOut.includes(canary)) throw wrong(`the canary ${canary} is in except`);
  if (first === undefined)
    throw wrong(`the canary ${canary} is none of its ${formatCount(tenants.length, 'tenant')}`);
  return [first, ...tenants.filter((tenant) => tenant !== first)];
}

/**
 * Finds one tenant by its name.
 * @throws Problem `unknown_environment`, `bad_tenants`; of the connection
 */
export async function findTenant(place: TenantsPlace, name: string): Promise<Target> {
  const tenants = await listTenants(place);
  const found = tenants.find((one) => one.name === name);
  if (found !== undefined) return found.target;
  const environment = place.target.name;
  const names = tenants.map((one) => one.name);
  const withEnvironment = (one: string) => `${environment}:${one}`;
  throw new Problem('unknown_environment', {
    name: withEnvironment(name),
    known: names.slice(0, most).map(withEnvironment),
    nearest: findNearest(name, names).map(withEnvironment),
    tenants: { environment, more: Math.max(0, names.length - most) },
  });
}

type Wrong = (reason: string) => Problem;

function describeNone(
  { each, databases, schemas }: TenantsPlace['rule'],
  leftOut: readonly string[],
): string {
  if (each !== undefined) return 'its query gives no row';
  const [sort, names] = databases === undefined ? ['schema', schemas ?? []] : ['database', databases];
  const named = `named ${[names].flat().join(' or ')}`;
  return leftOut.length > 0 ? `each ${sort} ${named} is in except` : `no ${sort} is ${named}`;
}

// A database that stood there twice would be counted twice, and locked against itself.
function refuseTwice(tenants: readonly Tenant[], wrong: Wrong): void {
  const names = new Set<string>();
  const places = new Map<string, string>();
  for (const { name, target } of tenants) {
    if (names.has(name)) throw wrong(`two tenants have the name ${name}`);
    names.add(name);
    const database = placeOf(target.url);
    // Each schema of a database is there once.
    if (database === null || target.schemas !== undefined) continue;
    const other = places.get(database);
    if (other !== undefined) throw wrong(`${other} and ${name} are the same database`);
    places.set(database, name);
  }
}

/** The rows of the list, and the names that `except` leaves out. */
interface ListedRows {
  readonly rows: readonly TenantRow[];
  readonly leftOut: readonly string[];
}

// In a transaction that only reads. No view and no policy is read: their owner's functions would run.
async function readRows(
  connection: Connection,
  rule: TenantsPlace['rule'],
  external: readonly string[],
  wrong: Wrong,
): Promise<ListedRows> {
  if (rule.each === undefined) {
    const { names, leftOut } = await readTenantNames(connection, rule, external, wrong);
    const isSchemas = rule.schemas !== undefined;
    return { rows: names.map((name) => (isSchemas ? { schema: name } : { database: name })), leftOut };
  }
  const sql = await readTenantQuery(rule.each, wrong);
  const rows = await snapshot(connection, (reader) => reader.rows<TenantRow>(sql)).catch(
    (thrown: unknown) => {
      if (thrown instanceof Problem && 'sqlstate' in thrown.data)
        throw wrong(`its query failed: ${(thrown.data as { message: string }).message}`);
      throw thrown;
    },
  );
  const [first] = rows;
  if (first !== undefined && !('url' in first) && !('database' in first))
    throw wrong('its query gives neither a column url nor a column database');
  return { rows, leftOut: [] };
}

function makeTenant(own: Reachable, row: TenantRow, wrong: Wrong): Tenant {
  const [url, database, given, schema] = [row.url, row.database, row.name, row.schema].map(textOf);
  if (schema !== undefined) return makeSchemaTenant(own, schema);
  if (url === undefined && database === undefined) throw wrong(`it has a tenant without url and database`);
  const place = url ?? own.url;
  const name = makeLegible(given ?? database ?? databaseIn(place, wrong) ?? '');
  if (name.trim() === '') throw wrong('it has a tenant without a name');
  if (name.length > longest)
    throw wrong(`the name ${name.slice(0, 40)}… is longer than ${longest} characters`);
  if (!/^postgres(ql)?:\/\//i.test(place)) throw wrong(`the url of ${name} does not begin with postgres://`);
  const target = {
    ...own,
    name: `${own.name}:${name}`,
    url: database === undefined ? place : replaceDatabase(place, database),
    found: url === undefined ? `the URL of ${own.name}` : `its url in the list of ${own.name}`,
  };
  return { name, target };
}

function makeSchemaTenant(own: Reachable, schema: string): Tenant {
  // A name that cannot be shown stays unique, and is refused for its tenant alone.
  const isShown = makeLegible(schema) === schema && schema.trim() !== '';
  const name = isShown ? schema : Buffer.from(schema).toString('hex');
  const schemas = { written: writtenSchema, actual: schema };
  return { name, target: { ...own, name: `${own.name}:${name}`, schemas, found: `the URL of ${own.name}` } };
}

const textOf = (value: unknown): string | undefined =>
  value === null || value === undefined || value === '' ? undefined : String(value);

function databaseIn(url: string, wrong: Wrong): string | undefined {
  try {
    return readUrl(url, { environment: '' }).dbname;
  } catch {
    // Nothing of it is shown: where it is not encoded, its parts are not where they seem to be.
    throw wrong(
      'the url of a tenant without a name is wrong: ' +
        'it begins with postgres://, and /, # and @ in names and passwords are percent-encoded',
    );
  }
}
