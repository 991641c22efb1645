// Empty stand-ins for extensions that schemas of servers create and PostgreSQL in WebAssembly lacks, so that
// a schema that only names one can be read. A use of their members fails, with its place in the file.

import { requiredExtensions, withRequired } from './extensions.ts';

// Objects that a schema refers to by name only, and would fail without.
const wrapper = (name: string) => `create foreign data wrapper ${name};`;

const scripts: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    `pgstattuple pgrowlocks pg_prewarm pg_cron pg_net pgaudit hypopg pg_repack pg_partman pgjwt
      pg_graphql pg_hashids pg_jsonschema pg_stat_monitor pg_tle pgsodium supabase_vault index_advisor
      http pg_wait_sampling pg_qualstats pg_stat_kcache pg_hint_plan pg_squeeze plpgsql_check sslinfo
      xml2 intagg refint autoinc insert_username timescaledb pg_ivm rum pg_bigm pgroonga pgrouting
      postgis_topology postgis_raster postgis_tiger_geocoder address_standardizer`
      .split(/\s+/)
      .map((name) => [name, '']),
  ),
  dblink: wrapper('dblink_fdw'),
  postgres_fdw: wrapper('postgres_fdw'),
};

// The comments of their control files: a comment that a dump repeats belongs to the extension, not to the
// user.
const comments: Readonly<Record<string, string>> = {
  autoinc: 'functions for autoincrementing fields',
  dblink: 'connect to other PostgreSQL databases from within a database',
  insert_username: 'functions for tracking who changed a table',
  intagg: 'integer aggregator and enumerator (obsolete)',
  pg_prewarm: 'prewarm relation data',
  pgrowlocks: 'show row-level locking information',
  pgstattuple: 'show tuple-level statistics',
  postgres_fdw: 'foreign-data wrapper for remote PostgreSQL servers',
  refint: 'functions for implementing referential integrity (obsolete)',
  sslinfo: 'information about SSL certificates',
  xml2: 'XPath querying and XSLT',
};

// Extensions that ALTER EXTENSION … SET SCHEMA moves. All others are created again instead.
const relocatable = new Set(
  `pgstattuple pgrowlocks pg_prewarm sslinfo intagg refint autoinc insert_username dblink postgres_fdw
    hypopg pgaudit`.split(/\s+/),
);

/** The part of PGlite's file system that is used. */
interface Files {
  writeFile(path: string, content: string): void;
  analyzePath(path: string): { exists: boolean };
}

const folder = '/pglite/share/postgresql/extension';

/** Puts stand-ins for those of the named extensions that are known and not there. */
export function addStandIns(files: Files, names: Iterable<string>): void {
  const there = (name: string) => name in scripts || files.analyzePath(`${folder}/${name}.control`).exists;
  for (const name of withRequired(names)) {
    const script = scripts[name];
    const control = `${folder}/${name}.control`;
    if (script === undefined || files.analyzePath(control).exists) continue;
    files.writeFile(
      control,
      [
        `comment = '${comments[name] ?? 'stand-in'}'`,
        `default_version = '1.0'`,
        `relocatable = ${relocatable.has(name)}`,
        `requires = '${(requiredExtensions[name] ?? []).filter(there).join(', ')}'\n`,
      ].join('\n'),
    );
    files.writeFile(`${folder}/${name}--1.0.sql`, script);
  }
}
