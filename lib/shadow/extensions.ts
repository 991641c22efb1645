// The packages of the extensions of PostgreSQL in WebAssembly. Only requested ones are loaded.
import type { Extension } from '@electric-sql/pglite';
import { extensionPackages } from '../problem/extension-packages.ts';

// PGlite ships these in itself, each as a module named after the extension.
const contrib = new Set(
  `amcheck auto_explain bloom btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance
    file_fdw fuzzystrmatch hstore intarray isn lo ltree moddatetime pageinspect pg_buffercache
    pg_freespacemap pg_stat_statements pg_surgery pg_trgm pg_visibility pg_walinspect pgcrypto seg
    tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp`.split(/\s+/),
);

/**
 * The required extensions of each extension: CREATE EXTENSION … CASCADE creates them, too (control files:
 * requires).
 */
export const requiredExtensions: Readonly<Record<string, readonly string[]>> = {
  earthdistance: ['cube'],
  index_advisor: ['hypopg'],
  pgjwt: ['pgcrypto'],
  pgrouting: ['postgis'],
  postgis_raster: ['postgis'],
  postgis_tiger_geocoder: ['postgis', 'fuzzystrmatch'],
  postgis_topology: ['postgis'],
};

/** Names with those of the extensions that they need. */
export function withRequired(names: Iterable<string>): Set<string> {
  return new Set([...names].flatMap((name) => [...(requiredExtensions[name] ?? []), name]));
}

/** Every extension that can be had without a server. */
export const knownExtensions: readonly string[] = [...contrib, ...Object.keys(extensionPackages)];

/** Loads those of the named extensions that are known and installed. */
export async function loadExtensions(names: Iterable<string>): Promise<Record<string, Extension>> {
  const found: Record<string, Extension> = {};
  for (const name of withRequired(names)) {
    const extension = await loadExtension(name);
    if (extension !== undefined) found[name] = extension;
  }
  return found;
}

async function loadExtension(name: string): Promise<Extension | undefined> {
  const member = name.replace('-', '_');
  if (contrib.has(name)) return (await import(`@electric-sql/pglite/contrib/${member}`))[member];
  const source = extensionPackages[name];
  if (source === undefined) return undefined;
  try {
    return (await import(source.name))[source.member];
  } catch {
    // Not installed: CREATE EXTENSION will say that it is missing, with its place in the file.
    return undefined;
  }
}
