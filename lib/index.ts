// The one public door. Importing it loads next to nothing: each function brings its room along when it is called.
import type { DifferenceInput, DifferenceReport } from './operations/difference.ts';
import type { StatusInput, StatusReport } from './operations/status.ts';
import type { Paper } from './report/paper.ts';
import type { ProgramOptions } from './runner/program.ts';

// Configuration
export {
  type Config,
  defineConfig,
  type EnvironmentConfig,
  type FailureEvent,
  type TaskEvent,
} from './config/config.ts';

// What a database is made of
export type { Catalog, Need } from './model/catalog.ts';
export type { Changed, Diff } from './model/diff.ts';
export type { Fact, Json, Payload } from './model/fact.ts';
export type { Action, Hazard, Lock, Step } from './model/step.ts';

// Operations
export type { Caution, Weight } from './operations/cautions.ts';
export type { Attribute, Change, Standing } from './operations/changes.ts';
export type { Context, Target } from './operations/context.ts';
export type { DifferenceInput, DifferenceReport } from './operations/difference.ts';
export type { RenameReport } from './operations/renaming.ts';
export type { StatusInput, StatusReport } from './operations/status.ts';

// What can go wrong
export type { Where } from './place.ts';
export { type Code, Problem, type Problems } from './problem.ts';

// Tasks
export type { Paper } from './report/paper.ts';
export type { TaskContext } from './runner/context.ts';
export type { Outcome } from './runner/outcome.ts';
export type { ProgramOptions } from './runner/program.ts';

/** Where to look and what to compare; see {@link DifferenceInput} and {@link ProgramOptions}. */
export type PlanOptions = DifferenceInput & ProgramOptions;

/**
 * Compares two sources and plans the way from one to the other and back: what `db:diff` does.
 * @throws Problem of the configuration, the sources and the plan
 */
export async function plan(options: PlanOptions = {}): Promise<DifferenceReport> {
  const [{ openContext }, { difference }] = await Promise.all([
    import('./runner/program.ts'),
    import('./operations/difference.ts'),
  ]);
  return difference(await openContext(options), options);
}

/**
 * Compares the wanted schema with a database: what `db:status` does.
 * @throws Problem of the configuration and the sources
 */
export async function status(options: StatusInput & ProgramOptions = {}): Promise<StatusReport> {
  const [{ openContext }, { status }] = await Promise.all([
    import('./runner/program.ts'),
    import('./operations/status.ts'),
  ]);
  return status(await openContext(options), options);
}

/** The steps of a plan as a script for psql: what `db:diff --sql` prints. */
export async function script(steps: DifferenceReport['up']): Promise<string> {
  const { scriptOf } = await import('./report/script.ts');
  return scriptOf(steps);
}

/** A report as text for people. */
export async function differenceText(report: DifferenceReport, paper: Paper): Promise<string> {
  return (await import('./report/difference.ts')).differenceText(report, paper);
}

/** A report as text for people. */
export async function statusText(report: StatusReport, paper: Paper): Promise<string> {
  return (await import('./report/status.ts')).statusText(report, paper);
}
