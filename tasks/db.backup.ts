// pgmage's own tasks that keep data: backups and what becomes of them.
import { askAboutPlan } from '../lib/runner/asking.ts';
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Folder = string;
type Count = number;
type Path = string;
type Age = string;
type Source = string;

interface Drilling {
  /** Restore it in a database of its own, compare, and drop that again. */
  drill?: boolean;
  /** With --drill: the environment or URL on whose server; default: that of which it is a
   * backup, unless it is protected and --env does not name it. */
  on?: Source;
}

interface Backing extends Drilling {
  /** With --drill, and with --format plain: leave owners and privileges out. */
  noOwner?: boolean;
  /** The environment to back up; default: the configured one. */
  env?: Name;
  /** The folder of the backup, created if it does not exist; default: backups/ in the project. */
  dir?: Folder;
  /**
   * pg_dump: by PostgreSQL's own program; native: by none but this one. Default: pg_dump where one fits the
   * server.
   */
  engine?: 'pg_dump' | 'native';
  /**
   * custom: one file for pg_restore; directory: several tables at a time; plain: an SQL script, by both
   * engines; native: pgmage's own.
   */
  format?: 'custom' | 'directory' | 'plain' | 'native';
  /**
   * With --format directory: how many tables at a time; default: as many as there are processors, at most
   * 4.
   */
  jobs?: Count;
  /** With --format plain by pg_dump: drop existing objects before creating them. */
  clean?: boolean;
  /** With --format plain: INSERT statements instead of COPY. */
  inserts?: boolean;
  /** With --format plain: gzip or zstd, which needs Node.js 22.15 or later; default: gzip. */
  compress?: 'gzip' | 'zstd';
  /** Never delete it by db:backups prune. */
  keep?: boolean;
  /** Go on although the disk may be too small. */
  force?: boolean;
  /** Add a line of JSON about this run to a file, also if it fails; its folder is created. */
  log?: Path;
}

/**
 * Backs up a database into a file with a manifest of its content, and verifies the file.
 *
 * pgmage counts and hashes the rows in the same snapshot that it dumps. It uses pg_dump if one fits the
 * server, else its own format.
 */
export async function backup(context: TaskContext, options: Backing = {}): Promise<Outcome> {
  const [{ backup }, { withRunLog }, { backupText }] = await Promise.all([
    import('../lib/commands/backup.ts'),
    import('../lib/backup/log.ts'),
    import('../lib/report/backups.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const work = () => backup(workspace, options);
  const facts = await withRunLog(workspace, options.log, options.env ?? null, work);
  return { facts, text: (paper) => backupText(facts, paper) };
}

/**
 * Lists the backups; `verify` reads them completely, `prune` deletes old ones.
 *
 * `prune` keeps the newest intact backup of a number of days, weeks and months (default 7, 4 and 6). It also
 * keeps damaged backups and those marked keep. It lists the backups that it would delete; --yes deletes them.
 * @param what list, verify or prune; default: list
 * @param file the backup to verify; default: all
 */
export async function backups(
  context: TaskContext,
  what: 'list' | 'verify' | 'prune' = 'list',
  file?: string,
  options: {
    /** The folder of the backups; default: backups/ in the project. */
    dir?: Folder;
    /** Only those of this environment. */
    env?: Name;
    /** End with exit code 2 when the newest good backup of an environment is older: 26h, 90m, 2d, 30s. */
    maxAge?: Age;
    /** With prune: how many days keep their newest backup. */
    keepDaily?: Count;
    /** With prune: how many weeks do. */
    keepWeekly?: Count;
    /** With prune: how many months do. */
    keepMonthly?: Count;
    /** With prune: delete. */
    yes?: boolean;
    /** With --drill: leave owners and privileges out. */
    noOwner?: boolean;
  } & Drilling = {},
): Promise<Outcome> {
  const [{ backups, verifyBackups }, { backupsText, pruneText }] = await Promise.all([
    import('../lib/commands/backups.ts'),
    import('../lib/report/backups.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  if (what === 'prune') {
    const facts = await (await import('../lib/commands/backups-prune.ts')).prune(workspace, options);
    return { facts, text: (paper) => pruneText(facts, paper) };
  }
  const facts =
    what === 'verify' ? await verifyBackups(workspace, options, file) : await backups(workspace, options);
  const damaged = facts.backups.some(({ faults }) => faults.length > 0);
  // To verify nothing is not a success: the folder may be the wrong one.
  const failed = what === 'verify' && (damaged || facts.backups.length === 0);
  const code = failed ? 1 : facts.stale.length > 0 ? 2 : 0;
  return { facts, text: (paper) => backupsText(facts, paper), code };
}

/**
 * Replaces the content of a database by a backup, completely or not at all.
 *
 * pgmage checks the backup first, shows the rows that will be lost, and asks. It restores in one transaction
 * and commits only if counts, hashes and schema match the manifest.
 *
 * With --without-manifest it loads any SQL script, plain, gzip or zstd, or any archive of pg_dump. That is
 * one transaction, too, and pgmage makes a verified backup of the target first. The script runs with the
 * rights of the target's role, as psql would run it: load only files that you trust.
 * @param file a name in the folder of backups, or a path
 */
export async function restore(
  context: TaskContext,
  file: string,
  options: {
    /** The environment whose database is replaced. */
    to: Name;
    /** The folder of the backups; default: backups/ in the project. */
    dir?: Folder;
    /** The environment's name once more, where it is protected. */
    confirm?: Name;
    /** Leave owners and privileges to the role that restores. */
    noOwner?: boolean;
    /** Load a file that pgmage did not write: SQL, or an archive of pg_dump. */
    withoutManifest?: boolean;
    /** With --without-manifest: keep the content of the database, and run the script in it. */
    append?: boolean;
    /** With --without-manifest: back the target up first, if it has rows; --no-backup-first: do not. */
    backupFirst?: boolean;
    /** Do not ask. */
    yes?: boolean;
    /** Go on although data is lost. */
    force?: boolean;
  },
): Promise<Outcome> {
  if (options.withoutManifest) return runScript(context, file, options);
  const [{ restore }, { restorePlanText, restoreText }] = await Promise.all([
    import('../lib/commands/restore.ts'),
    import('../lib/report/backups.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await restore(workspace, file, options, askAboutPlan(context, restorePlanText));
  return { facts, text: (paper) => restoreText(facts, paper), code: facts.proof === null ? 1 : 0 };
}

async function runScript(
  context: TaskContext,
  file: string,
  options: { to: Name; append?: boolean; backupFirst?: boolean; yes?: boolean; force?: boolean },
): Promise<Outcome> {
  const [{ restoreScript }, { scriptPlanText, scriptText }] = await Promise.all([
    import('../lib/commands/restore-script.ts'),
    import('../lib/report/restore-script.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await restoreScript(workspace, file, options, askAboutPlan(context, scriptPlanText));
  return { facts, text: (paper) => scriptText(facts, paper), code: facts.loaded === null ? 1 : 0 };
}
