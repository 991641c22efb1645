// From the kind of a job to the command that does it.
import { basename, join } from 'node:path';
import { backup } from '../commands/backup.ts';
import { verifyBackups } from '../commands/backups.ts';
import { prune } from '../commands/backups-prune.ts';
import { clone } from '../commands/clone.ts';
import { dataSync } from '../commands/data-sync.ts';
import { difference } from '../commands/diff.ts';
import { restore } from '../commands/restore.ts';
import { restoreScript } from '../commands/restore-script.ts';
import { status } from '../commands/status.ts';
import { Problem } from '../problem/problem.ts';
import type { Workspace } from '../project/workspace.ts';
import { differenceText } from '../report/difference.ts';
import { describeUpload } from './describe-backup.ts';
import { documentDatabase, legible, pictureDrift } from './document-work.ts';
import type { ProcessWork } from './messages.ts';
import { agreeTo, describePlan, makeDraft } from './planning.ts';
import type {
  CloneRequest,
  DataRequest,
  ExportRequest,
  ImportRequest,
  JobKind,
  PruneRequest,
  SchemaDifference,
  VerifyRequest,
} from './schemas.ts';
import { folderOfBackups } from './storage.ts';
import { makeRoom, refuseOutgrown } from './storage-room.ts';
import { isUpload, uploadsIn, verifyUpload } from './upload-files.ts';

/** Parameters of a job, by its kind. They were validated when it was requested. */
export interface JobParameters {
  export: ExportRequest;
  import: ImportRequest;
  clone: CloneRequest;
  data: DataRequest;
  verify: VerifyRequest & { readonly file: string };
  drift: { readonly database: string };
  prune: PruneRequest;
}

// Characters of a difference. The service keeps them in memory while it answers.
const mostDifference = 4_000_000;

type Runs = {
  readonly [K in JobKind]: (
    workspace: Workspace,
    work: ProcessWork,
    of: JobParameters[K],
  ) => Promise<unknown>;
};

const runs: Runs = {
  export: async (workspace, work, { database, format, keep }) => {
    const input = {
      env: database,
      ...folderOf(work),
      ...(format && { format }),
      ...(keep !== undefined && { keep }),
    };
    const made = await backup(workspace, input);
    await refuseOutgrown(workspace, work, made);
    return named(made);
  },
  import: async (workspace, work, of) => {
    if (of.withoutManifest)
      return restoreScript(
        workspace,
        scriptOf(workspace, work, of),
        scriptInput(work, of),
        agreeTo(workspace, work),
      );
    const report = await restore(workspace, of.file, restoreInput(work, of), agreeTo(workspace, work));
    return { ...report, backup: named(report.backup) };
  },
  clone: (workspace, work, of) => clone(workspace, cloneInput(work, of), agreeTo(workspace, work)),
  data: (workspace, work, of) => dataSync(workspace, dataInput(work, of), agreeTo(workspace, work)),
  verify: async (workspace, work, { file, drill, on }) => {
    if (isUpload(file)) return checkUpload(workspace, work, { file, drill });
    const options = { ...(drill !== undefined && { drill }), ...(on !== undefined && { on }) };
    const { backups } = await verifyBackups(workspace, { ...folderOf(work), ...options }, file);
    const [one] = backups.map(named);
    if (one !== undefined && one.faults.length === 0) return one;
    throw new Problem('backup_damaged', { file, faults: one?.faults ?? [] });
  },
  drift: (workspace, _, { database }) => compareStatus(workspace, database),
  prune: async (workspace, work, of) => {
    const except = work.storage?.inUse ?? [];
    const { kept, removed } = await prune(workspace, { ...of, ...folderOf(work), except, yes: true });
    return { kept: kept.map(named), removed: removed.map(named) };
  },
};

/** Does the work of a process. @throws Problem of its command */
export async function runWork(workspace: Workspace, work: ProcessWork): Promise<unknown> {
  const database = String(work.parameters.database);
  if (work.does === 'status') return compareStatus(workspace, database);
  if (work.does === 'diff') return compareSchema(workspace, database);
  if (work.does === 'picture') return pictureDrift(workspace, database);
  if (work.does === 'documents') {
    const { known, most } = work.parameters;
    const wish = { database, known: typeof known === 'string' ? known : null, most: Number(most) };
    return documentDatabase(workspace, wish);
  }
  if (work.does === 'plan') return planWork(workspace, work);
  const run = runs[work.kind] as (workspace: Workspace, work: ProcessWork, of: unknown) => Promise<unknown>;
  await makeRoom(workspace, work);
  return run(workspace, work, work.parameters);
}

async function checkUpload(
  { project }: Workspace,
  work: ProcessWork,
  { file, drill }: { readonly file: string; readonly drill: boolean | undefined },
): Promise<unknown> {
  if (drill) throw new Problem('bad_request', { reason: `${file} has no manifest to compare a drill with` });
  return describeUpload(await verifyUpload(folderOfBackups(project, work).path, file));
}

// An upload is in a folder of its own.
const scriptOf = ({ project }: Workspace, work: ProcessWork, { file }: ImportRequest) =>
  isUpload(file) ? join(uploadsIn(folderOfBackups(project, work).path), file) : file;

async function compareSchema(workspace: Workspace, env: string): Promise<SchemaDifference> {
  const report = await difference(workspace, { env });
  const paper = { width: 110, uncut: true, colour: false, now: workspace.world.now() };
  const text = String(legible(differenceText(report, paper)));
  return { from: report.from, to: report.to, ...firstLines(text, mostDifference) };
}

// Definitions and names of objects have passwords, too.
const compareStatus = async (workspace: Workspace, env: string) => legible(await status(workspace, { env }));

/** The whole lines at the beginning of a text, up to so many characters, and the number of the others. */
export function firstLines(text: string, most: number): { readonly text: string; readonly omitted: number } {
  if (text.length <= most) return { text, omitted: 0 };
  const kept = text.slice(0, Math.max(0, text.lastIndexOf('\n', most)));
  return { text: kept, omitted: text.split('\n').length - (kept === '' ? 0 : kept.split('\n').length) };
}

async function planWork(workspace: Workspace, work: ProcessWork): Promise<unknown> {
  const draft = makeDraft();
  switch (work.kind) {
    case 'import': {
      const of = work.parameters as ImportRequest;
      if (of.withoutManifest)
        await restoreScript(workspace, scriptOf(workspace, work, of), scriptInput(work, of), draft.ask);
      else await restore(workspace, of.file, restoreInput(work, of), draft.ask);
      break;
    }
    case 'clone':
      await clone(workspace, cloneInput(work, work.parameters as CloneRequest), draft.ask);
      break;
    default: {
      const input = { ...dataInput(work, work.parameters as DataRequest), dryRun: true };
      draft.take(await dataSync(workspace, input, undefined));
    }
  }
  return describePlan(work, draft.plan());
}

const folderOf = ({ backups }: ProcessWork) => (backups === null ? {} : { dir: backups });
const named = <T extends { readonly file: string }>(one: T): T => ({ ...one, file: basename(one.file) });

// A plan shows what is lost: it stands for `force`. A schedule has none. Whether the name was typed, the
// request was asked.
const consent = (
  { does, agreed }: ProcessWork,
  { to, force }: { readonly to: string; readonly force?: boolean | undefined },
) => ({
  confirm: to,
  asksAboutLosses: does === 'plan' || agreed !== null,
  ...(force !== undefined && { force }),
});

function restoreInput(work: ProcessWork, of: ImportRequest) {
  const owner = of.noOwner === undefined ? {} : { noOwner: of.noOwner };
  return { to: of.to, ...folderOf(work), ...owner, ...consent(work, of) };
}

function scriptInput(work: ProcessWork, of: ImportRequest) {
  const { append, backupFirst } = of;
  return {
    ...restoreInput(work, of),
    ...(append !== undefined && { append }),
    ...(backupFirst !== undefined && { backupFirst }),
  };
}

function cloneInput(work: ProcessWork, of: CloneRequest) {
  const { from, to, tables, dataOnly, swap, noOwner } = of;
  return {
    from,
    to,
    ...(tables && { tables }),
    ...(dataOnly !== undefined && { dataOnly }),
    ...(swap !== undefined && { swap }),
    ...(noOwner !== undefined && { noOwner }),
    ...consent(work, of),
  };
}

/**
 * The options of a data sync. A plan and the job that it binds compare all rows: one of the changed rows
 * alone may lack deletions, without which these do not fit. So does a request with `complete`.
 */
export function dataInput(work: ProcessWork, of: DataRequest) {
  const { from, to, tables, exclude, keepDeleted, complete = false } = of;
  return {
    from,
    to,
    ...(tables && { tables }),
    ...(exclude && { exclude }),
    ...(keepDeleted !== undefined && { keepDeleted }),
    ...((complete || work.does === 'plan' || work.agreed !== null) && { complete: true }),
    ...consent(work, of),
  };
}
