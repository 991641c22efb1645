// Extensions. Their members are theirs; which version it is, is a fact of its own that only some ask for.
import { shadowRole } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify, quote } from '../../model/quote.ts';
import { findExtensionsInBodies } from './in-bodies.ts';

interface Extension {
  readonly schema: string;
  /** True if it can be moved; this depends on its version, so it is never compared. */
  readonly relocatable: boolean;
  /** The number of its members; this depends on its version, so it is never compared. */
  readonly members: number;
}

interface Version {
  readonly version: string;
}

const present = `exists (select from pg_extension where extname <> 'plpgsql')`;

const update = (fact: Fact<Version>) =>
  `ALTER EXTENSION ${qualify(fact.path)} UPDATE TO ${literal(fact.payload.version)}`;

/** CREATE EXTENSION (manual: catalog pg_extension). plpgsql is in every database (source: initdb.c). */
export const extension: Kind<Extension> = {
  name: 'extension',
  reference: (fact) => `EXTENSION ${qualify(fact.path)}`,
  present,
  introspect: () => `
    select array['pg_extension:' || e.oid || ':0'] as addresses, array[e.extname] as path,
    n.nspname as schema,
      e.extrelocatable as relocatable,
      (select count(*)::int from pg_depend d where d.refclassid = 'pg_extension'::regclass
      and d.refobjid = e.oid
        and d.deptype = 'e') as members
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname <> 'plpgsql'`,
  create: (fact, { clauses }) =>
    [
      // One that a superuser made needs no right then.
      `CREATE EXTENSION IF NOT EXISTS ${qualify(fact.path)} SCHEMA ${quote(fact.payload.schema)}`,
      ...clauses.map(({ sql }) => sql),
    ].join(' '),
  drop: (fact) => `DROP EXTENSION ${qualify(fact.path)}`,
  alter: {
    schema: (from, to) =>
      from.payload.relocatable
        ? `ALTER EXTENSION ${qualify(to.path)} SET SCHEMA ${quote(to.payload.schema)}`
        : 'replace',
    relocatable: () => [],
    members: () => [],
  },
  order: {
    moves: (from, to) =>
      from.payload.relocatable && from.payload.schema !== to.payload.schema
        ? [quote(from.payload.schema), quote(to.payload.schema)]
        : null,
  },
  reconcile: {
    atVersion: (payload) => ({ ...payload, relocatable: true, members: 0 }),
    mayMake: (text) => findExtensionsInBodies(text).map((name) => `extension:${quote(name)}`),
  },
};

/**
 * The version of an extension. A schema file that names none gets the default of the server that it is loaded
 * in, which says nothing about the database: in the shadow only another version is a fact, in a database
 * always.
 */
export const extensionVersion: Kind<Version> = {
  name: 'extension version',
  reference: (fact) => `VERSION OF EXTENSION ${qualify(fact.path)}`,
  summary: (fact) => `EXTENSION ${qualify(fact.path)} VERSION ${literal(fact.payload.version)}`,
  present,
  introspect: () => `
    select '{}'::text[] as addresses, array[e.extname] as path, 'pg_extension:' || e.oid || ':0' as parent,
      e.extversion as version
    from pg_extension e where e.extname <> 'plpgsql' and (current_user <> '${shadowRole}'
      or e.extversion <> (select a.default_version from pg_available_extensions a where a.name = e.extname))`,
  create: update,
  // An extension always has some version.
  drop: () => [],
  alter: { version: (_, to) => update(to) },
  inline: { clause: (fact) => `VERSION ${literal(fact.payload.version)}` },
  reconcile: { optional: () => true },
};
