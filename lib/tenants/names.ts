// The names of the databases or schemas that are tenants by patterns, without those of `except`.

import type { TenantsConfig } from '../config/tenants.ts';
import { notKept } from '../copy/swap/databases.ts';
import { literal } from '../model/quote.ts';
import { ledgerSchema, writtenSchema } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { makeLegible } from '../problem/legible.ts';
import { findNearest } from '../problem/nearest.ts';
import type { Problem } from '../problem/problem.ts';

/** The names of tenants, and those that `except` leaves out. */
export interface TenantNames {
  readonly names: readonly string[];
  readonly leftOut: readonly string[];
}

/** A database or a schema. */
interface NamedRow {
  readonly name: string;
  /** True if it can be a tenant, and its name fits. */
  readonly fits: boolean;
  /** True if `except` names it. */
  readonly excepted: boolean;
}

/**
 * Reads the names of the tenants of an environment that has patterns for them.
 * @param external the schemas that another program manages, which no pattern includes
 * @param wrong makes the problem of a list that is refused
 */
export async function readTenantNames(
  connection: Connection,
  { databases = '', schemas, except = [] }: TenantsConfig,
  external: readonly string[],
  wrong: (reason: string) => Problem,
): Promise<TenantNames> {
  const [title, query] =
    schemas === undefined ? (['database', databasesQuery] as const) : (['schema', schemasQuery] as const);
  const patterns = [schemas ?? databases].flat();
  const without = [except].flat();
  const rows = await snapshot(connection, (reader) => reader.rows<NamedRow>(query(patterns, without)));
  const given = schemas === undefined ? [] : patterns.filter(isName);
  // A schema that is named as a tenant is refused by the caller; a pattern does not mean it.
  const others = schemas === undefined ? [] : external.filter((one) => !given.includes(one));
  const fitting = rows.filter(({ name, fits }) => fits && !others.includes(name));
  const unknown = without.find((one) => isName(one) && !rows.some(({ name }) => name === one));
  if (unknown !== undefined) {
    const near = findNearest(
      unknown,
      fitting.map(({ name }) => makeLegible(name)),
    );
    const meant = near.length > 0 ? `. Did you mean ${near.join(' or ')}?` : '';
    throw wrong(`except has ${unknown}, but no ${title} has this name${meant}`);
  }
  const names = fitting.filter(({ excepted }) => !excepted).map(({ name }) => name);
  const leftOut = fitting.filter(({ excepted }) => excepted).map(({ name }) => name);
  const missing = given.find((one) => !names.includes(one));
  if (missing !== undefined && leftOut.includes(missing))
    throw wrong(`the schema ${missing} is in schemas and in except`);
  if (missing !== undefined && names.length > 0) throw wrong(`it has no schema ${missing} for a tenant`);
  return { names, leftOut };
}

// The others are patterns.
const isName = (text: string) => !text.includes('*');

// Without those that pgmage makes for a time, and those that a swap keeps.
const databasesQuery = (patterns: readonly string[], without: readonly string[]) => `
  select datname::text as name, datallowconn and not datistemplate
    and datname !~ '^pgmage_(new|drill|shadow)_[0-9a-f]{16}$'
    and ${notKept} and (${isLikeAny('datname', patterns)}) as fits,
    ${isLikeAny('datname', without)} as excepted
  from pg_database order by datname::text collate "C"`;

// Without the system's, those of ledgers and the one that the SQL of all tenants is written for.
const schemasQuery = (patterns: readonly string[], without: readonly string[]) => `
  select nspname::text as name, nspname !~ '^pg_'
    and nspname not in ('information_schema', ${literal(writtenSchema)})
    and nspname !~ ${literal(`^${ledgerSchema}(:|$)`)}
    and (${isLikeAny('nspname', patterns)}) as fits,
    ${isLikeAny('nspname', without)} as excepted
  from pg_namespace order by nspname::text collate "C"`;

const isLikeAny = (column: string, patterns: readonly string[]) =>
  patterns.map((one) => isLike(column, one)).join(' or ') || 'false';

function isLike(column: string, pattern: string): string {
  const like = pattern.replace(/[!%_]/g, '!$&').replaceAll('*', '%');
  return `${column}::text collate "C" like ${literal(like)} escape '!'`;
}
