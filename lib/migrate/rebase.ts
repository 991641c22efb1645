// Rebases migrations of merged branches: those that are not applied yet go after the others.
import { readLedger } from '../ledger/tables.ts';
import { findBranches, findBreaks, type MigrationFile } from '../migration/chain.ts';
import { compareNames, makeName, readVersion } from '../migration/name.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { brokenChain, readMigrations, removeMigrations, writeComposed } from '../project/migration-folder.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { sealDraft } from './seal.ts';

/** The result for a folder. */
export interface Rebased {
  readonly files: readonly MigrationFile[];
  /** Those that were put behind others, with their former names. */
  readonly moved: readonly { readonly file: MigrationFile; readonly was: string }[];
}

/**
 * Orders the migrations of merged branches, and verifies each one again at its new place.
 * @param env the environment whose applied migrations stay in place
 * @throws Problem `rebase_refused`; `broken_chain` for other faults; of the connection
 */
export async function rebase(workspace: Workspace, env?: string): Promise<Rebased> {
  const files = await readMigrations(workspace.project);
  const other = findBreaks(files).filter(({ is }) => is !== 'branched');
  if (other.length > 0) throw brokenChain(other, files);
  const target = await workspace.world.environment(env);
  const { applied } = await withTarget(workspace, target, (connection) => snapshot(connection, readLedger));
  const names = new Set(applied.map(({ name }) => name));
  const sealed = files.filter(({ migration }) => migration.header !== null);
  const { line, rest } = findBranches(sealed, names);
  const done = [...line];
  const moved: { file: MigrationFile; was: string }[] = [];
  for (const file of rest) {
    const last = done.at(-1) as MigrationFile;
    if (names.has(file.name))
      throw new Problem('rebase_refused', {
        migration: file.name,
        after: last.name,
        why: `it is already applied to ${target.name}`,
      });
    const fresh = await behind(workspace, done, file, last);
    done.push(fresh);
    moved.push({ file: fresh, was: file.name });
  }
  await writeComposed(workspace.project, {
    folder: files,
    written: moved.map(({ file }) => file),
    removed: [],
  });
  await removeMigrations(
    workspace.project,
    moved.flatMap(({ file, was }) => (file.name === was ? [] : [was])),
  );
  return { files: [...done, ...files.filter((file) => !sealed.includes(file))], moved };
}

async function behind(
  workspace: Workspace,
  done: readonly MigrationFile[],
  file: MigrationFile,
  last: MigrationFile,
): Promise<MigrationFile> {
  const words = file.name.slice(readVersion(file.name).length);
  const name =
    compareNames(file.name, last.name) > 0 ? file.name : makeName(last.name, workspace.world.now(), words);
  try {
    return await sealDraft(workspace, done, { ...file, name });
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    const { message: why, where } = thrown;
    throw new Problem(
      'rebase_refused',
      { migration: file.name, after: last.name, why },
      { where, cause: thrown },
    );
  }
}
