// All that a database holds is dropped, in the transaction that is open, so that something else can take its
// place.
import { removeLargeObjects } from '../flow/large-objects.ts';
import { buildDelete, listTables, type TableRows } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { extensionVersionId, isExtension } from '../kinds/named-objects.ts';
import {
  type Catalog,
  collectReachable,
  getParent,
  type Relations,
  withRelations,
} from '../model/catalog.ts';
import { isEqual, isSameFact, makeDifference } from '../model/diff.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { lastingReadingSettings, readingSettings } from '../pg/snapshot.ts';
import { plan } from '../plan/plan.ts';

// Settings of a role or a database must not change the created objects.
const making = (
  scope: 'local' | 'session',
) => `set ${scope} row_security = off; set ${scope} check_function_bodies = off;
  set ${scope} default_tablespace = ''; set ${scope} default_table_access_method = 'heap';
  set ${scope} xmloption = content`;

/** SQL that lets indexes be built in so many megabytes, where less is set. */
export function setIndexMemory(megabytes: number, local = true): string {
  return `select pg_catalog.set_config(name, pg_catalog.concat(greatest(setting::int8,
    ${Math.round(megabytes * 1024)}), 'kB'), ${local})
    from pg_catalog.pg_settings where name = 'maintenance_work_mem'`;
}

/** Begins a transaction in which things are made. */
export const beginReplacing =
  `begin isolation level read committed read write; ${readingSettings};` + ` ${making('local')}`;

/** The same settings for a session in which much is made in many transactions. */
export const replacingSession = `set session characteristics as transaction isolation level read committed,
  read write;
  ${lastingReadingSettings}; ${making('session')}`;

/**
 * The statements that drop the content of a database, and the facts that remain: those of every new database,
 * and extensions that are wanted as they are. These may belong to another role, which created them for this
 * database.
 * @param there the content of the database
 * @param wanted its future content
 * @param staying ids of facts that remain in any case
 * @throws Problem `plan_cycle`
 */
export function planClearing(
  there: Catalog,
  wanted: Catalog,
  staying: ReadonlySet<string> = new Set(),
): { steps: Step[]; left: Catalog } {
  const kept = collectReachable(
    [...there.facts.values()]
      .filter((fact) => isExtension(fact) && stays(fact, there, wanted))
      .map(({ id }) => id),
    (id) => there.needs.get(id)?.keys() ?? [],
  );
  const empty = emptyCatalog(there.major, kinds);
  // With the implicit facts of an object, such as its owner, and with equal comments and privileges of an
  // extension. It may belong to another role, and only that role could set them again.
  const isSame = (fact: Fact) => {
    const parent = getParent(there, fact);
    if (parent === undefined || !isExtension(parent)) return false;
    return isEqual(fact.payload, wanted.facts.get(fact.id)?.payload);
  };
  const own = [...there.facts].filter(
    ([id, fact]) =>
      kept.has(id) ||
      staying.has(id) ||
      (kept.has(`${fact.parent}`) &&
        (isSame(fact) || kinds.get(fact.kind)?.reconcile?.optional?.(fact, there))),
  );
  const facts = new Map([...empty.facts, ...own]);
  const left = withRelations({ ...there, complete: false }, facts, () => withInitial(there, empty));
  return { steps: plan({ difference: makeDifference(there, left, kinds), kinds }), left };
}

// A database may lack what a new one has. It is made again, each part after its object.
function withInitial({ facts, needs, dies, links }: Catalog, empty: Catalog): Relations {
  const lacking = [...empty.facts.values()].flatMap(({ id, parent }) =>
    facts.has(id) || parent === null ? [] : [[id, new Map([[parent, 'auto' as const]])] as const],
  );
  return { needs: new Map([...needs, ...lacking]), dies, links };
}

function stays(fact: Fact, there: Catalog, wanted: Catalog): boolean {
  const major = Math.min(there.major, wanted.major);
  // Between two server versions, an extension of one version differs in what nothing compares.
  const same = (id: string) => {
    const [one, other] = [there.facts.get(id), wanted.facts.get(id)];
    return other === undefined || (one !== undefined && isSameFact(one, other, kinds, major));
  };
  return wanted.facts.has(fact.id) && same(fact.id) && same(extensionVersionId(fact));
}

/**
 * Drops content outside of the schema: large objects, and the user's rows in tables of extensions.
 * @param staying the names of tables that keep their rows
 */
export async function clearRows(
  connection: ServerConnection,
  staying: ReadonlySet<string> = new Set(),
): Promise<void> {
  await removeLargeObjects(connection);
  for (const table of await listTables(connection))
    if (table.extension !== null && !staying.has(table.name)) await deleteRows(connection, table);
}

/** Deletes the user's rows of a table of an extension, if there are any: that needs a right of its own. */
export async function deleteRows(connection: ServerConnection, table: TableRows): Promise<void> {
  const found = await connection.rows(`select from only ${table.name} ${table.condition} limit 1`);
  if (found.length > 0) await connection.execute(buildDelete(table));
}
