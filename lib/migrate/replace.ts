// Pending migrations that cannot run in a database: those that the schema gives are written again, the others
// are for their authors to edit.
import type { MigrationFile } from '../migration/chain.ts';
import { Problem } from '../problem/problem.ts';
import { adviseFile } from '../problem/rows-in-the-way.ts';
import { listUps } from '../project/migration-folder.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { Composition } from './compose.ts';
import { withoutComments } from './rows-by-hand.ts';
import type { MigrationSession, SoundTargetState } from './target-state.ts';

/** The migrations to apply, and whether those that cannot run may be written again. */
export interface Replacing {
  readonly composition: Composition;
  /** True if pending migrations that cannot run may be written again; null: the command never does. */
  readonly replaces: boolean | null;
  readonly input: { readonly replace?: boolean };
}

/** True if a sync failed on a migration that can be written again. */
export function isStuck(thrown: unknown): thrown is Problem<'stuck_migration'> {
  if (!(thrown instanceof Problem) || thrown.code !== 'stuck_migration') return false;
  return (thrown as Problem<'stuck_migration'>).data.byHand !== true;
}

const writing = new Set(
  `InsertStmt UpdateStmt DeleteStmt MergeStmt TruncateStmt CallStmt CopyStmt ExecuteStmt`.split(' '),
);
const writingWords = /\b(insert|update|delete|merge|truncate|call|perform|into|setval|nextval)\b/i;

/**
 * True if the schema gives all that files do: no statement writes rows, which only their author knows.
 * A SELECT can write by a function that it calls; that is not seen.
 */
async function isRewritable(files: readonly MigrationFile[]): Promise<boolean> {
  const parsed = await parseFiles(listUps(files));
  return !parsed.some(({ text, statements }) =>
    statements.some(
      ({ tag, start, end }) =>
        writing.has(tag) || writesByWords(tag, withoutComments(text.slice(start, end))),
    ),
  );
}

// A materialized view is a statement of the same tag as CREATE TABLE AS.
function writesByWords(tag: string, sql: string): boolean {
  if (tag === 'CreateTableAsStmt') return !/^\s*create\s+materialized\b/i.test(sql);
  return /^(DoStmt|SelectStmt)$/.test(tag) && writingWords.test(sql);
}

/**
 * The problem of a migration that rows do not fit, with what can be done about its file; any other value as
 * it is.
 */
export async function adviseRepair(work: Replacing, thrown: unknown): Promise<unknown> {
  const { composition } = work;
  if (!(thrown instanceof Problem)) return thrown;
  const { code, where, cause, data } = thrown;
  if (code !== 'rows_in_the_way' && code !== 'unfit_rows') return thrown;
  const { migration } = data as Problem<'rows_in_the_way' | 'unfit_rows'>['data'];
  const files = code === 'unfit_rows' ? composition.files : composition.folder;
  const repair = await adviseReplacement(work, files, migration);
  if (repair === null) return thrown;
  return new Problem(code, { ...(data as Problem<typeof code>['data']), repair }, { where, cause });
}

/**
 * The advice on a file that cannot run, and on those after it; null: it is not among the files.
 * @param file its path; null: it is not written yet
 */
export async function adviseReplacement(
  { replaces }: Pick<Replacing, 'replaces'>,
  files: readonly MigrationFile[],
  file: string | null,
): Promise<string | null> {
  const late = listFrom(files, file);
  if (file === null || late.length === 0) return null;
  return adviseFile(file, {
    isRewritable: replaces !== null && (await isRewritable(late)),
    sealed: late.filter((one) => one.migration.header !== null).map((one) => one.file),
  });
}

function listFrom(files: readonly MigrationFile[], first: string | null): readonly MigrationFile[] {
  const at = files.findIndex(({ file }) => file === first);
  return at < 0 ? [] : files.slice(at);
}

// The end of a session or a wait for a lock says nothing of the migration.
const passing = /lock|cancel|terminat|connection|deadlock|shut/i;

/**
 * Refuses to add migrations behind one that failed before: they would wait for one that cannot run.
 * @throws Problem `stuck_migration`
 */
export async function refuseStacking(
  session: MigrationSession,
  { ledger, standing }: SoundTargetState,
  composition: Composition,
): Promise<void> {
  for (const { name, file, migration } of standing.pending) {
    const last = ledger.deeds.filter((deed) => deed.migration === name).at(-1);
    if (last?.outcome !== 'failed' || last.checksum !== migration.checksum) continue;
    const reason = last.detail ?? 'it failed before';
    if (passing.test(reason)) continue;
    await refuseAt(session, composition, file, reason);
    const { files, folder, removed } = composition;
    if (removed.length === 0 && files.length > folder.length) {
      const { name: environment } = session.target;
      throw new Problem('stuck_migration', { environment, files: [file], reason, byHand: true });
    }
  }
}

/**
 * Refuses a migration that would fail on rows, if it can be written again: the schema may have changed since.
 * @throws Problem `stuck_migration`
 */
export async function refuseStuckOn(
  session: MigrationSession,
  composition: Composition,
  thrown: unknown,
): Promise<void> {
  if (!(thrown instanceof Problem) || thrown.code !== 'rows_in_the_way') return;
  const { migration, findings } = (thrown as Problem<'rows_in_the_way'>).data;
  if (migration !== null) await refuseAt(session, composition, migration, findings.join('; '));
}

/**
 * Refuses a file of the folder that cannot run, if the schema gives all that it does.
 * @throws Problem `stuck_migration`
 */
export async function refuseAt(
  { target }: MigrationSession,
  { folder, removed }: Composition,
  file: string,
  reason: string,
): Promise<void> {
  const late = listFrom(folder, file);
  // Those that were just written again are not replaced once more.
  if (removed.length > 0 || late.length === 0 || !(await isRewritable(late))) return;
  const files = late.map((one) => one.file);
  throw new Problem('stuck_migration', { environment: target.name, files, reason });
}
