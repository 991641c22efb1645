// Extensions of a target that a copy does not have, and that other roles made: only those can drop them, so
// they stay.
import { readCatalog } from '../catalog/read.ts';
import { copiedKinds } from '../kinds/index.ts';
import { extensionId } from '../kinds/named-objects.ts';
import { type Catalog, collectReachable, getParent, withRelations } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { OwnedSchema } from './owned-objects.ts';

/** The part of a target that stays. */
export interface StayingPart {
  /** The ids of its facts. */
  readonly ids: ReadonlySet<string>;
  /** Tables and sequences with rows of users, which stay as they are. Qualified and quoted. */
  readonly relations: ReadonlySet<string>;
  readonly notes: readonly string[];
}

interface ForeignExtension {
  readonly name: string;
  readonly owner: string;
  readonly schema: string;
  readonly relations: readonly string[];
}

const foreign = `select e.extname::text as name, r.rolname::text as owner,
    x.nspname::text as schema, to_json(array(
      select format('%I.%I', n.nspname, c.relname) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
      where c.oid = any (e.extconfig))) as relations
  from pg_extension e join pg_roles r on r.oid = e.extowner join pg_namespace x on x.oid = e.extnamespace
  where e.extname <> 'plpgsql' and not pg_has_role(e.extowner, 'USAGE') order by 1`;

/** The extensions of a database that the session's role cannot drop. @throws Problem of the connection */
export function listForeignExtensions(connection: ServerConnection): Promise<ForeignExtension[]> {
  return queryPinned<ForeignExtension>(connection, foreign);
}

/**
 * The schemas of a database with extensions that the session's role cannot drop: they stay, with their
 * owners.
 * @throws Problem of the connection
 */
export function listKeptSchemas(connection: ServerConnection): Promise<OwnedSchema[]> {
  return queryPinned<OwnedSchema>(
    connection,
    `select distinct n.nspname::text as schema, r.rolname::text as owner
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace join pg_roles r on r.oid = n.nspowner
      where not pg_has_role(e.extowner, 'USAGE') order by 1`,
  );
}

/**
 * The wanted content of a target, together with what stays there. The target's transaction is open.
 * @param target its name, for messages
 * @throws Problem of the connection
 */
export async function addStaying(
  connection: ServerConnection,
  wanted: Catalog,
  target: string,
): Promise<{ wanted: Catalog; stays: StayingPart }> {
  const found = await listForeignExtensions(connection);
  const unwanted = found.filter(({ name }) => !wanted.facts.has(extensionId(name)));
  const there = found.length === 0 ? null : await readCatalog(connection, copiedKinds);
  const ids = found.map(({ name }) => extensionId(name));
  const facts = there === null ? [] : partOf(there, wanted, new Set(ids));
  return {
    wanted: there === null ? wanted : joined(wanted, there, facts),
    stays: {
      ids: new Set(facts.map(({ id }) => id)),
      relations: new Set(unwanted.flatMap(({ relations }) => relations)),
      notes: unwanted.map(({ name, owner }) => `the extension ${name} of ${owner} stays in ${target}`),
    },
  };
}

// The extensions, all that they need, and the parts of both. Only its own role can change a comment on an
// extension and privileges on its members.
function partOf(there: Catalog, wanted: Catalog, extensions: ReadonlySet<string>): Fact[] {
  const unwanted = [...extensions].filter((id) => !wanted.facts.has(id));
  const needed = collectReachable(unwanted, (id) => there.needs.get(id)?.keys() ?? []);
  const stays = (fact: Fact | undefined): boolean =>
    fact !== undefined &&
    (extensions.has(fact.parent ?? '') ||
      (!wanted.facts.has(fact.id) && (needed.has(fact.id) || stays(getParent(there, fact)))));
  return [...there.facts.values()].filter(stays);
}

function joined(wanted: Catalog, there: Catalog, added: readonly Fact[]): Catalog {
  const ids = new Set(added.map(({ id }) => id));
  const isAdded = ([id]: readonly [string, unknown]) => ids.has(id.split('\n')[0] as string);
  const facts = new Map([...wanted.facts, ...added.map((fact) => [fact.id, fact] as const)]);
  return withRelations(wanted, facts, () => ({
    needs: new Map([...wanted.needs, ...[...there.needs].filter(isAdded)]),
    dies: new Map([...wanted.dies, ...[...there.dies].filter(isAdded)]),
    links: new Map([...wanted.links, ...[...there.links].filter(isAdded)]),
  }));
}
