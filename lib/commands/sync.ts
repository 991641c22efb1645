// Brings a database to the wanted schema: writes the migrations that are missing, applies them, and looks again.

import { moved, renamesIn } from '../compare/apply-renames.ts';
import { comparisonOf } from '../compare/compare.ts';
import { type Caution, weighed } from '../compare/impact.ts';
import { type RenameReport, type Renaming, renameReport } from '../compare/renames.ts';
import { extensionsOf } from '../kinds/named-objects.ts';
import { isWhole, type MigrationRun, run } from '../ledger/applying.ts';
import { withLock } from '../ledger/lock.ts';
import { prepareLedger } from '../ledger/tables.ts';
import { recordBaseline } from '../migrate/baseline.ts';
import { type ComposeOptions, type Composition, compose, recordedSchema } from '../migrate/compose.ts';
import { type Finding, findingsOf, refuseFailures } from '../migrate/findings.ts';
import { lossesOf } from '../migrate/losses.ts';
import { refuseNewer } from '../migrate/newer-syntax.ts';
import { finish } from '../migrate/resume.ts';
import { lossesOfPending } from '../migrate/stamps.ts';
import {
  confirmReached,
  runOf,
  type SoundSituation,
  soundSituation,
  stillSound,
} from '../migrate/target-state.ts';
import type { Connection } from '../pg/connection.ts';
import { type Ask, agreed, type Consent } from '../project/confirmation.ts';
import type { Context, Target } from '../project/context.ts';
import { expectedRole } from '../project/expected-role.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { checkUnchanged, forward, writeComposed } from '../project/migration-folder.ts';
import { keepShadows } from '../project/shadow-pool.ts';
import { type NamedTarget, named, withTarget } from '../project/source.ts';
import { guardedOf, refuseGuarded, type WriteNames, writeTarget } from '../project/write-access.ts';
import { type MigrationReport, migrationReport } from './generate.ts';

/** What is asked. */
export interface SyncInput extends Consent, ComposeOptions, WriteNames {
  /** What was renamed, as `old=new`. */
  readonly rename?: readonly string[];
  /** Record, without running them, the migrations whose work the database has already. */
  readonly baseline?: boolean;
}

/** What is going to be done. */
export interface SyncPlan {
  readonly target: NamedTarget;
  /** Migrations that are written first. */
  readonly written: readonly string[];
  /** Migrations that are applied, those among them. */
  readonly pending: readonly MigrationReport[];
  /** A migration outside of a transaction that broke off, and is finished first. */
  readonly unfinished: string | null;
  /** What is renamed. */
  readonly renames: readonly RenameReport[];
  /** What is dropped and added, and might have been renamed. */
  readonly possible: readonly RenameReport[];
  /** What the statements cost that change the database's schema. */
  readonly cautions: readonly Caution[];
  /** What the rows of the database say to these statements. */
  readonly findings: readonly Finding[];
}

/** What was done. */
export interface SyncReport extends SyncPlan {
  /** Names of the migrations that were applied; null: it was declined, and nothing was written. */
  readonly applied: readonly string[] | null;
  /** Names of those that were only recorded, because the database had their work already. */
  readonly recorded: readonly string[];
}

/**
 * Brings an environment to the wanted schema by its migrations.
 * @param choose is asked what was renamed; left out where there is nobody to ask
 * @throws Problem `broken_chain`, `ledger_broken`, `drifted`, `data_loss_refused`, `confirmation_needed`,
 * `migration_running`, `migrations_changed`, `not_as_proven`, `no_baseline`, `foreign_migrations`, `hook_failed`,
 * `protected_target`, `embedded_not_named`, `rows_in_the_way`, `newer_syntax`;
 * of the schema, the migrations, the connection
 */
export async function sync(
  context: Context,
  input: SyncInput,
  ask: Ask<SyncPlan>,
  choose?: Renaming['choose'],
): Promise<SyncReport> {
  refuseForeign(context, 'db:sync');
  return keepShadows(context, async () => {
    // Found out beside all the rest: to start a program from one that has grown takes long.
    const author = context.author?.();
    const target = await writeTarget(context, input, ask);
    const guarded = guardedOf(context, target, input);
    const composition = await compose(context, input, {
      given: input.rename,
      role: await expectedRole(context, input.env),
      choose: input.yes ? undefined : choose,
    });
    const { files, written } = composition;
    const wanted = await recordedSchema(context, files);
    const work = async (connection: Connection): Promise<SyncReport> => {
      await refuseGuarded(context, connection, target, await guarded);
      const recorded = input.baseline
        ? await recordBaseline(context, connection, target, files, () => writeComposed(context, composition))
        : [];
      const before = await soundSituation(context, connection, target, files).catch(async (thrown) => {
        // Somebody may have written and applied what is not known here.
        if (!input.baseline) await checkUnchanged(context, composition.folder);
        throw thrown;
      });
      const pending = files.slice(before.standing.applied);
      await refuseNewer(connection, target.name, forward(pending), composition.folder);
      // What the files rename is neither lost nor made.
      const start = await moved(context, before.actual, await renamesIn(forward(pending)));
      const left = await comparisonOf(context, start, wanted);
      const up = pending.every((file) => isWhole(file, 'up')) ? left.up : left.online;
      const possible = composition.possible.map(renameReport);
      const plan: SyncPlan = {
        target: named(context, target),
        written: written.map(({ file }) => file),
        pending: pending.map((file) => migrationReport(file, composition.steps.get(file.name) ?? [])),
        renames: composition.renames.map(renameReport),
        possible,
        unfinished: before.standing.unfinished?.file.name ?? null,
        cautions: await weighed(connection, up, left, composition.renames),
        findings: await findingsOf(connection, up, left, { actual: before.actual, trusted: true }),
      };
      await refuseFailures(target.name, plan.findings, up, forward(pending));
      if (pending.length === 0 && plan.unfinished === null) return { ...plan, applied: [], recorded };
      const options = possible.map(({ option }) => option);
      const told = new Set(lossesOf(up));
      const more = await lossesOfPending(context, files, before.standing.applied, {
        known: new Set(composition.steps.keys()),
        there: [before.actual, start],
      });
      const losses = [...lossesOf(up, plan.findings), ...more.filter((one) => !told.has(one))];
      if (!(await agreed(`db:sync of ${target.name}`, plan, losses, input, ask, options)))
        return { ...plan, applied: null, recorded };
      const of = await runOf(context, connection, target, files, author);
      // What was recorded is written already.
      const rest = input.baseline ? { ...composition, written: [] } : composition;
      return { ...plan, applied: await applied(context, of, target, before, rest, input), recorded };
    };
    const report = await withTarget(context, target, work, extensionsOf(wanted));
    if (report.applied !== null && report.applied.length > 0) await context.afterSync?.();
    return report;
  });
}

// Under the lock, everything is looked at again: whoever held it before may have done the same, and written the same.
async function applied(
  context: Context,
  of: MigrationRun,
  target: Target,
  before: SoundSituation,
  composition: Composition,
  consent: Consent,
): Promise<string[]> {
  const { connection, files } = of;
  return withLock(connection, target.name, async () => {
    await writeComposed(context, composition);
    const now = await stillSound(context, connection, target, files, before);
    await prepareLedger(connection);
    const start = await finish(context, of, now, consent);
    const chosen = files.slice(start);
    await run(of, 'up', chosen);
    await confirmReached(context, of, files.length);
    return files.slice(now.standing.applied).map(({ name }) => name);
  });
}
