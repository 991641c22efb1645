// Predicts a catalog after renames: the server itself renames everything else that follows.
import { kinds } from '../kinds/index.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { diffReconciled, isEqual } from '../model/diff.ts';
import { settle } from '../model/reconcile.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { readBackAll } from './read-back.ts';

/**
 * A catalog after rename statements, without touching its source: the shadow runs them, and the changes there
 * are applied to the catalog. Statements that fail in the shadow change nothing.
 * @throws Problem of the shadow
 */
export async function applyRenames(
  workspace: Workspace,
  catalog: Catalog,
  statements: readonly string[],
): Promise<Catalog> {
  if (statements.length === 0) return catalog;
  // Objects of the shadow's role belong to the catalog's role.
  const told = async (more: readonly string[]) =>
    settle(await readBackAll(workspace, catalog, more), catalog, kinds).before;
  const [before, after] = [await told([]), await told(statements)];
  const { added, removed, changed } = diffReconciled({ before, after }, kinds);
  const facts = new Map(catalog.facts);
  for (const { id } of removed) facts.delete(id);
  for (const fact of [...added, ...changed.map(({ to }) => to)]) facts.set(fact.id, fact);
  // An inherited fact names its origin, which may have another name now.
  for (const { id, origins } of before.facts.values()) {
    const [fact, renamed] = [facts.get(id), after.facts.get(id)?.origins ?? []];
    if (fact !== undefined && !isEqual([...origins], [...renamed]))
      facts.set(id, { ...fact, origins: renamed });
  }
  return withRelations(catalog, facts, () => {
    const known = <T>(own: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>) =>
      new Map([...own, ...other].filter(([id]) => facts.has(id)));
    return {
      needs: known(catalog.needs, after.needs),
      dies: known(catalog.dies, after.dies),
      links: new Map([...catalog.links, ...after.links].filter(([, link]) => facts.has(link))),
    };
  });
}

/** The statements of files that rename something. @throws Problem `invalid_sql` */
export async function findRenameStatements(files: readonly TextFile[]): Promise<string[]> {
  const parsed = await parseFiles(files.filter(({ text }) => /\brename\b/i.test(text)));
  return parsed.flatMap(({ runnable, statements }) =>
    statements.filter(({ tag }) => tag === 'RenameStmt').map(({ start, end }) => runnable.slice(start, end)),
  );
}
