// From the kind of a job to the command that does it.
import { basename } from 'node:path';
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
import type { ProcessWork } from './messages.ts';
import { agreeTo, describePlan, makeDraft } from './planning.ts';
import type {
  CloneRequest,
  DataRequest,
  ExportRequest,
  ImportRequest,
  JobKind,
  SchemaDifference,
  VerifyRequest,
} from './schemas.ts';

/** Parameters of a job, by its kind. They were validated when it was requested. */
export interface JobParameters {
  export: ExportRequest;
  import: ImportRequest;
  clone: CloneRequest;
  data: DataRequest;
  verify: VerifyRequest & { readonly file: string };
  drift: { readonly database: string };
  prune: { readonly keepDaily?: number; readonly keepWeekly?: number; readonly keepMonthly?: number };
}

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
    return named(await backup(workspace, input));
  },
  import: async (workspace, work, of) => {
    if (of.withoutManifest)
      return restoreScript(workspace, of.file, scriptInput(work, of), agreeTo(workspace, work));
    const report = await restore(workspace, of.file, restoreInput(work, of), agreeTo(workspace, work));
    return { ...report, backup: named(report.backup) };
  },
  clone: (workspace, work, of) => clone(workspace, cloneInput(work, of), agreeTo(workspace, work)),
  data: (workspace, work, of) => dataSync(workspace, dataInput(work, of), agreeTo(workspace, work)),
  verify: async (workspace, work, { file, drill, on }) => {
    const options = { ...(drill !== undefined && { drill }), ...(on !== undefined && { on }) };
    const { backups } = await verifyBackups(workspace, { ...folderOf(work), ...options }, file);
    const [one] = backups.map(named);
    if (one !== undefined && one.faults.length === 0) return one;
    throw new Problem('backup_damaged', { file, faults: one?.faults ?? [] });
  },
  drift: (workspace, _, { database }) => status(workspace, { env: database }),
  prune: async (workspace, work, of) => {
    const { kept, removed } = await prune(workspace, { ...of, ...folderOf(work), yes: true });
    return { kept: kept.map(named), removed: removed.map(named) };
  },
};

/** Does the work of a process. @throws Problem of its command */
export async function runWork(workspace: Workspace, work: ProcessWork): Promise<unknown> {
  if (work.does === 'status') return status(workspace, { env: String(work.parameters.database) });
  if (work.does === 'diff') return compareSchema(workspace, String(work.parameters.database));
  if (work.does === 'plan') return planWork(workspace, work);
  const run = runs[work.kind] as (workspace: Workspace, work: ProcessWork, of: unknown) => Promise<unknown>;
  return run(workspace, work, work.parameters);
}

async function compareSchema(workspace: Workspace, env: string): Promise<SchemaDifference> {
  const report = await difference(workspace, { env });
  const paper = { width: 110, uncut: true, colour: false, now: workspace.world.now() };
  return { from: report.from, to: report.to, text: differenceText(report, paper) };
}

async function planWork(workspace: Workspace, work: ProcessWork): Promise<unknown> {
  const draft = makeDraft();
  switch (work.kind) {
    case 'import': {
      const of = work.parameters as ImportRequest;
      if (of.withoutManifest) await restoreScript(workspace, of.file, scriptInput(work, of), draft.ask);
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

function dataInput(work: ProcessWork, of: DataRequest) {
  const { from, to, tables, exclude, keepDeleted } = of;
  return {
    from,
    to,
    ...(tables && { tables }),
    ...(exclude && { exclude }),
    ...(keepDeleted !== undefined && { keepDeleted }),
    ...consent(work, of),
  };
}
