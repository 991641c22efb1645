// The tenants of an environment, as its query or its server lists them.

import { notKept } from '../copy/swap/databases.ts';
import { literal } from '../model/quote.ts';
import { ledgerSchema, writtenSchema } from '../model/schema-pair.ts';
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
export async function listTenants({ target, rule }: TenantsPlace): Promise<Tenant[]> {
  const wrong = (reason: string) => new Problem('bad_tenants', { environment: target.name, reason });
  const { url } = target;
  if (url === null) throw wrong('it has no url');
  const connection = await openServer({ ...target, url });
  const rows = await readRows(connection, rule, wrong).finally(() => connection.close());
  const tenants = rows.map((row) => makeTenant({ ...target, url }, row, wrong));
  if (tenants.length === 0) throw wrong(describeNone(rule));
  refuseTwice(tenants, wrong);
  const { canary } = rule;
  if (canary === undefined) return tenants;
  const first = tenants.find(({ name }) => name === canary);
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

function describeNone({ each, databases, schemas }: TenantsPlace['rule']): string {
  if (each !== undefined) return 'its query gives no row';
  if (databases !== undefined) return `no database is named ${databases}`;
  return `no schema is named ${[schemas ?? []].flat().join(' or ')}`;
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

// In a transaction that only reads. No view and no policy is read: their owner's functions would run.
async function readRows(
  connection: Connection,
  { each, databases = '', schemas, except = [] }: TenantsPlace['rule'],
  wrong: Wrong,
): Promise<TenantRow[]> {
  const without = [except].flat();
  if (schemas !== undefined)
    return snapshot(connection, (reader) => readSchemas(reader, [schemas].flat(), without, wrong));
  if (each === undefined)
    return snapshot(connection, (reader) => reader.rows<TenantRow>(databasesLike(databases, without)));
  const sql = await readTenantQuery(each, wrong);
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
  return rows;
}

// Without those that pgmage makes for a time, and those that a swap keeps.
const databasesLike = (pattern: string, without: readonly string[]) => `
  select datname::text as database from pg_database
  where datallowconn and not datistemplate
    and datname !~ '^pgmage_(new|drill|shadow)_[0-9a-f]{16}$'
    and ${notKept}
    and ${isLike('datname', pattern)} and not (${isLikeAny('datname', without)})
  order by datname::text collate "C"`;

// Without the system's, those of ledgers and the one that the SQL of all tenants is written for.
const schemasLike = (patterns: readonly string[], without: readonly string[]) => `
  select nspname::text as schema from pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', ${literal(writtenSchema)})
    and nspname !~ ${literal(`^${ledgerSchema}(:|$)`)}
    and (${isLikeAny('nspname', patterns)}) and not (${isLikeAny('nspname', without)})
  order by nspname::text collate "C"`;

async function readSchemas(
  connection: Connection,
  patterns: readonly string[],
  without: readonly string[],
  wrong: Wrong,
): Promise<TenantRow[]> {
  const rows = await connection.rows<{ schema: string }>(schemasLike(patterns, without));
  const found = rows.map(({ schema }) => schema);
  const missing = patterns.find((one) => !one.includes('*') && !found.includes(one));
  if (missing !== undefined && found.length > 0) throw wrong(`it has no schema ${missing} for a tenant`);
  return rows;
}

const isLikeAny = (column: string, patterns: readonly string[]) =>
  patterns.map((one) => isLike(column, one)).join(' or ') || 'false';

function isLike(column: string, pattern: string): string {
  const like = pattern.replace(/[!%_]/g, '!$&').replaceAll('*', '%');
  return `${column}::text collate "C" like ${literal(like)} escape '!'`;
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
