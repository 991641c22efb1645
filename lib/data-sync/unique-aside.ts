// Drops constraints and unique indexes, and makes them again with all that depends on them.
import { readCatalog } from '../catalog/read.ts';
import { runAsOwners, runSteps } from '../copy/engines.ts';
import { readOwners } from '../flow/as-owner.ts';
import { kinds } from '../kinds/index.ts';
import { withDependents, withoutFacts } from '../model/catalog.ts';
import { makeDifference } from '../model/diff.ts';
import { quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { withPath } from '../pg/user-path.ts';
import { plan } from '../plan/plan.ts';
import { Problem } from '../problem/problem.ts';

/** Steps there and back. */
export interface Aside {
  down(): Promise<void>;
  up(): Promise<void>;
}

/**
 * Plans how to drop constraints and unique indexes, and how to make them again.
 * @throws Problem `internal` where the catalog does not have one; of the connection
 */
export async function setUniquesAside(
  connection: ServerConnection,
  uniques: readonly { readonly table: string; readonly name: string }[],
): Promise<Aside> {
  if (uniques.length === 0) return { down: async () => undefined, up: async () => undefined };
  const there = await readCatalog(connection, kinds);
  const ids = uniques.map(({ table, name }) => {
    const fact = [...there.facts.values()].find(
      ({ path, parent }) =>
        path.at(-1) === name &&
        parent !== null &&
        there.facts.get(parent)?.path.map(quote).join('.') === table,
    );
    if (fact === undefined)
      throw new Problem('internal', { reason: `the catalog has no ${name} of ${table}` });
    return fact.id;
  });
  const rest = withoutFacts(there, withDependents(there, ids, true));
  const owners = await readOwners(connection);
  return {
    down: () => runSteps(connection, plan({ difference: makeDifference(there, rest, kinds), kinds })),
    up: () =>
      withPath(connection, connection.searchPath, () =>
        runSteps(
          connection,
          runAsOwners(plan({ difference: makeDifference(rest, there, kinds), kinds }), there, owners),
        ),
      ),
  };
}
