// Pending migrations that need more than a target has: found before anything is written or runs.
import type { MigrationFile } from '../migration/chain.ts';
import { Problem } from '../problem/problem.ts';
import type { TargetProblems } from '../problem/target-codes.ts';
import { listUps } from '../project/migration-folder.ts';
import { refuseMissingRoles } from './missing-roles.ts';
import { refuseMissingTablespaces } from './missing-tablespaces.ts';
import { refuseMissingExtensions, refuseMissingVersions } from './missing-versions.ts';
import { refuseNewer } from './newer-syntax.ts';
import { adviseReplacement, type Replacing, refuseAt } from './replace.ts';
import type { MigrationSession } from './target-state.ts';

const codes: ReadonlySet<string> = new Set<keyof TargetProblems>([
  'newer_syntax',
  'missing_roles',
  'missing_tablespaces',
  'missing_versions',
  'unavailable_extensions',
]);

const isLacking = (thrown: unknown): thrown is Problem<keyof TargetProblems> =>
  thrown instanceof Problem && codes.has(thrown.code);

/**
 * Refuses pending migrations that need more than the target has. A file of the folder among them can be
 * written again: the schema may not need it any more.
 * @throws Problem `newer_syntax`, `missing_roles`, `missing_tablespaces`, `missing_versions`,
 * `unavailable_extensions`, `stuck_migration`
 */
export async function refuseLacking(
  session: MigrationSession,
  work: Replacing,
  pending: readonly MigrationFile[],
): Promise<void> {
  const { connection, target } = session;
  const { composition } = work;
  const check = async (files: readonly MigrationFile[]) => {
    const ups = listUps(files);
    await refuseNewer(connection, target.name, ups, composition.folder);
    await refuseMissingRoles(connection, target.name, ups);
    await refuseMissingTablespaces(connection, target.name, ups);
    await refuseMissingExtensions(connection, target.name, ups);
    await refuseMissingVersions(connection, target.name, ups);
  };
  try {
    await check(pending);
  } catch (thrown) {
    if (!isLacking(thrown)) throw thrown;
    const file = await findFirst(pending, check);
    if (work.replaces) await refuseAt(session, composition, file, thrown.message);
    const repair = await adviseReplacement(work, composition.folder, file);
    if (repair === null) throw thrown;
    throw Object.assign(thrown, { hint: `${thrown.hint} ${repair}` });
  }
}

// The path of the first file that cannot run, after those before it.
async function findFirst(
  pending: readonly MigrationFile[],
  check: (files: readonly MigrationFile[]) => Promise<void>,
): Promise<string> {
  for (const [at, { file }] of pending.entries()) {
    const failed = await check(pending.slice(0, at + 1)).then(
      () => false,
      (thrown: unknown) => isLacking(thrown),
    );
    if (failed) return file;
  }
  return pending.at(-1)?.file ?? '';
}
