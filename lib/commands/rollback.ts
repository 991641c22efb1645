// Takes migrations back: the last one, or all after a version.

import { moved, renamesIn } from '../compare/apply-renames.ts';
import { comparisonOf } from '../compare/compare.ts';
import { type Caution, weighed } from '../compare/impact.ts';
import { isWhole, run } from '../ledger/applying.ts';
import { withLock } from '../ledger/lock.ts';
import { recordedSchema } from '../migrate/compose.ts';
import { type Finding, findingsOf } from '../migrate/findings.ts';
import { lossesOf } from '../migrate/losses.ts';
import { refuseNewer } from '../migrate/newer-syntax.ts';
import { finish } from '../migrate/resume.ts';
import { lossesOfUndone, wronglyStamped } from '../migrate/stamps.ts';
import {
  confirmReached,
  runOf,
  type Situation,
  soundSituation,
  stillSound,
} from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { versionOf } from '../migration/name.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, agreed, type Consent } from '../project/confirmation.ts';
import type { Context, Target } from '../project/context.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { backward, checkChain, readMigrations } from '../project/migration-folder.ts';
import { keepShadows } from '../project/shadow-pool.ts';
import { type NamedTarget, named, withTarget } from '../project/source.ts';
import { guardedOf, refuseGuarded, type WriteNames, writeTarget } from '../project/write-access.ts';
import { type MigrationReport, migrationReport } from './generate.ts';

/** What is asked. */
export interface RollbackInput extends Consent, WriteNames {
  /** The version, or name, that is to be the last one applied; `0` for none; default: the one before the last. */
  readonly version?: string | undefined;
}

/** What is going to be undone. */
export interface RollbackPlan {
  readonly target: NamedTarget;
  /** From the last one. */
  readonly undone: readonly MigrationReport[];
  readonly cautions: readonly Caution[];
  /** What the rows of the database say to the statements. */
  readonly findings: readonly Finding[];
}

/** What was undone. */
export interface RollbackReport extends RollbackPlan {
  /** false: it was declined. */
  readonly done: boolean;
}

/**
 * Undoes applied migrations from the last one; one that broke off half-way is the last.
 * @throws Problem `nothing_applied`, `unknown_version`, `no_way_back`, `broken_chain`, `ledger_broken`, `drifted`,
 * `data_loss_refused`, `confirmation_needed`, `migration_running`, `not_as_proven`, `protected_target`, `embedded_not_named`
 */
export async function rollback(
  context: Context,
  input: RollbackInput,
  ask: Ask<RollbackPlan>,
): Promise<RollbackReport> {
  refuseForeign(context, 'db:rollback');
  return keepShadows(context, async () => {
    const target = await writeTarget(context, input, ask);
    const guarded = guardedOf(context, target, input);
    const files = await readMigrations(context);
    checkChain(files);
    return withTarget(context, target, async (connection) => {
      await refuseGuarded(context, connection, target, await guarded);
      const before = await soundSituation(context, connection, target, files);
      const kept = keptCount(files, before, target, input.version);
      const chosen = files.slice(kept, before.standing.applied).reverse();
      // What broke off on its way up has no row in the ledger, but is the last one all the same.
      const broken = brokenOff(before);
      for (const { name, migration } of chosen) refuse(name, migration);
      await refuseNewer(connection, target.name, backward(chosen), files);
      const start = await moved(context, before.actual, await renamesIn(backward(chosen)));
      const left = await comparisonOf(context, start, await recordedSchema(context, files.slice(0, kept)));
      const up = broken.length === 0 && chosen.every((file) => isWhole(file, 'down')) ? left.up : left.online;
      const wrong = await wronglyStamped(context, files, kept, before.standing.applied);
      const plan: RollbackPlan = {
        target: named(context, target),
        undone: [...broken, ...chosen].map((file) =>
          restamped(migrationReport(file, []), wrong.get(file.name)),
        ),
        cautions: await weighed(connection, up, left),
        findings: await findingsOf(connection, up, left, { actual: before.actual, trusted: true }),
      };
      if (plan.undone.length === 0) return { ...plan, done: true };
      const told = new Set(lossesOf(up));
      const undone = [kept, before.standing.applied] as const;
      const more = await lossesOfUndone(context, files, undone, [before.actual, start]);
      const losses = [...lossesOf(up, plan.findings), ...more.filter((one) => !told.has(one))];
      if (!(await agreed(`db:rollback of ${target.name}`, plan, losses, input, ask)))
        return { ...plan, done: false };
      const of = await runOf(context, connection, target, files);
      await withLock(connection, target.name, async () => {
        const now = await stillSound(context, connection, target, files, before);
        const applied = await finish(context, of, now, input, 'down');
        await run(of, 'down', files.slice(kept, applied).reverse());
        await confirmReached(context, of, kept);
      });
      return { ...plan, done: true };
    });
  });
}

// A stamp of an older version is not trusted.
function restamped(report: MigrationReport, lost: readonly string[] | undefined): MigrationReport {
  return lost === undefined ? report : { ...report, down: { is: 'lossy', what: lost.join('; ') } };
}

function brokenOff({ standing: { unfinished } }: Situation): MigrationFile[] {
  return unfinished?.direction === 'up' ? [unfinished.file] : [];
}

function refuse(name: string, { header, down }: MigrationFile['migration']): void {
  const why =
    header?.down.is === 'impossible' ? header.down.why : down === null ? 'it has no way down' : undefined;
  if (why !== undefined) throw new Problem('no_way_back', { migration: name, why });
}

function keptCount(
  files: readonly MigrationFile[],
  situation: Situation,
  { name: environment }: Target,
  version: string | undefined,
): number {
  const applied = files.slice(0, situation.standing.applied);
  const broken = brokenOff(situation).length;
  if (applied.length + broken === 0) throw new Problem('nothing_applied', { environment });
  if (version === undefined) return applied.length + broken - 1;
  if (version === '0') return 0;
  const at = applied.findIndex(({ name }) => name === version || versionOf(name) === version);
  if (at >= 0) return at + 1;
  const known = applied.map(({ name }) => versionOf(name));
  throw new Problem('unknown_version', { environment, version, known });
}
