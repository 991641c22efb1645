// The tablespaces of relations. The server keeps none for a relation in its database's default (manual:
// catalog pg_class, reltablespace), so a schema that names that one means the same as one that names none.
import type { Fact, FactPath } from '../../model/fact.ts';
import type { KnownOwners } from '../../model/kind.ts';

/** The attributes that say where a relation is. */
export interface Storage {
  /** null: the default of its database. */
  readonly tablespace: string | null;
  /** The default of its database, where that is not `pg_default`. Never compared. */
  readonly databaseTablespace: string | null;
}

/** SQL for the columns of these attributes. @param relation the alias of pg_class */
export const buildStorage = (relation: string) => `
      (select s.spcname from pg_tablespace s where s.oid = ${relation}.reltablespace) as tablespace,
      (select s.spcname from pg_database d join pg_tablespace s on s.oid = d.dattablespace
        where d.datname = current_database() and s.spcname <> 'pg_default') as "databaseTablespace"`;

/** The name of the tablespace that a relation moves to. A shadow does not know the database's default. */
export const nameTablespace = ({ tablespace, databaseTablespace }: Storage): string =>
  tablespace ?? databaseTablespace ?? 'pg_default';

// The default of the database by name is the default.
function settleStorage<P extends Storage, Path extends FactPath>(
  fact: Fact<P, Path>,
  { other }: Pick<KnownOwners, 'other'>,
): Fact<P, Path> {
  const { tablespace, databaseTablespace: own = null } = fact.payload;
  const twin = other.facts.get(fact.id)?.payload;
  const theirs = typeof twin?.databaseTablespace === 'string' ? twin.databaseTablespace : null;
  // Of two databases, neither has the default of the other.
  const isOne = own === null || theirs === null || own === theirs;
  const known = isOne ? (own ?? theirs) : null;
  const settled = {
    tablespace: [known, 'pg_default', null].includes(tablespace) ? null : tablespace,
    databaseTablespace: twin === undefined ? null : known,
  };
  if (settled.tablespace === tablespace && settled.databaseTablespace === own) return fact;
  return { ...fact, payload: { ...fact.payload, ...settled } };
}

/** Members of `reconcile` for kinds with these attributes. */
export const storageRules = { uncompared: ['databaseTablespace'], settled: settleStorage } as const;
