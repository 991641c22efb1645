// Two sources as documents need them: both described, and compared as `db:diff` compares them.
import { readCatalog } from '../catalog/read.ts';
import { applyRenames } from '../compare/apply-renames.ts';
import { compareWithRenames, reportRename } from '../compare/renames.ts';
import type { Description } from '../describe/description.ts';
import { readDescription } from '../describe/read.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { keepManaged } from '../project/described-source.ts';
import { describe, findTarget, readLive, readSource, readSourceFiles } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { ChangedStates } from '../schema-docs/changes.ts';
import { renameDescription } from '../schema-docs/renamed.ts';
import { listTouched } from '../schema-docs/touched.ts';

/**
 * Reads and compares two sources. Renames are those that the files of `to` confirm.
 * @throws Problem of the sources; `plan_cycle`
 */
export async function readChangedStates(
  workspace: Workspace,
  from: string,
  to: string,
): Promise<ChangedStates> {
  const [first, second] = await Promise.all([readState(workspace, from), readState(workspace, to)]);
  const { comparison, renames, possible } = await compareWithRenames(
    workspace,
    first.catalog,
    second.catalog,
    {
      given: undefined,
      files: await readSourceFiles(workspace, to),
      move: (statements) => applyRenames(workspace, first.catalog, statements),
    },
  );
  const { description, renamed, touched } = renameDescription(first.description, renames);
  return {
    names: { from: describe(workspace.project, from), to: describe(workspace.project, to) },
    before: keepManaged(description, comparison.before),
    after: keepManaged(second.description, comparison.after),
    touched: new Set([...listTouched(comparison), ...touched]),
    renamed,
    difference: comparison,
    changes: comparison.changes,
    possible: possible.map(reportRename),
  };
}

// Both of one snapshot where the source is a database: its schema may change at any time.
async function readState(
  workspace: Workspace,
  source: string,
): Promise<{ catalog: Catalog; description: Description }> {
  if ((await findTarget(workspace, source)) === null) {
    const catalog = await readSource(workspace, source);
    return { catalog, description: await readLive(workspace, source, readDescription) };
  }
  return readLive(workspace, source, async (connection) => ({
    catalog: await readCatalog(connection, kinds),
    description: await readDescription(connection),
  }));
}
