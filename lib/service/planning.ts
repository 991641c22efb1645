// Plans of jobs that replace data: what they lose, and the agreement to it.

import { backup } from '../commands/backup.ts';
import type { RestorePlan } from '../commands/restore.ts';
import type { ScriptPlan } from '../commands/restore-script.ts';
import type { ClonePlan } from '../copy/plan.ts';
import type { RowSyncPlan } from '../data-sync/sync-plan.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import type { Workspace } from '../project/workspace.ts';
import type { AgreedLosses } from './jobs.ts';
import type { ProcessWork } from './messages.ts';
import type { Plan } from './schemas.ts';
import { refuseOutgrown } from './storage-room.ts';

/** A plan of one of the commands that replace data. */
export type CommandPlan = RestorePlan | ScriptPlan | ClonePlan | RowSyncPlan;

/** A plan without the members that the service adds. */
export type PlanFacts = Omit<Plan, 'planId' | 'expiresAt'>;

/** Takes the plan of a command, which is then declined. */
export function makeDraft(): {
  ask(plan: CommandPlan): Promise<boolean>;
  take(plan: CommandPlan): void;
  plan(): CommandPlan;
} {
  let made: CommandPlan | undefined;
  const take = (plan: CommandPlan) => {
    made = plan;
  };
  return {
    take,
    ask: async (plan) => {
      take(plan);
      return false;
    },
    plan: () => {
      if (made === undefined) throw new Problem('internal', { reason: 'the command made no plan' });
      return made;
    },
  };
}

/** The rows of the target that a plan replaces, changes or deletes, by table. */
export function listLosses(plan: CommandPlan): { readonly table: string; readonly rows: number }[] {
  const filled = (all: readonly { readonly name: string; readonly rows: number }[]) =>
    all.filter(({ rows }) => rows > 0).map(({ name, rows }) => ({ table: name, rows }));
  if ('destroyed' in plan) return filled(plan.destroyed);
  if ('tables' in plan)
    return filled(plan.tables.map(({ name, updates, deletes }) => ({ name, rows: updates + deletes })));
  return filled([...plan.replaces, { name: 'large objects', rows: plan.replacesObjects }]);
}

/** Describes a plan for people and programs. */
export function describePlan({ kind, parameters }: ProcessWork, plan: CommandPlan): PlanFacts {
  const isClone = 'engine' in plan;
  const losses = listLosses(plan);
  const tables = 'tables' in plan ? plan.tables : [];
  return {
    kind,
    source: 'source' in plan ? plan.source : null,
    file: typeof parameters.file === 'string' ? parameters.file : null,
    target: plan.target,
    checks: isClone
      ? plan.checks.map(({ name, text, outcome }) => ({ text: `${name}: ${text}`, outcome }))
      : [],
    losses,
    changes: tables.map(({ name, inserts, updates, deletes }) => ({
      table: name,
      inserts,
      updates,
      deletes,
    })),
    complete: 'tables' in plan ? plan.tables.every(({ since }) => (since?.from ?? null) === null) : null,
    bytes: bytesOf(plan),
    estimateSeconds: isClone ? plan.estimateSeconds : null,
    backupFirst: 'script' in plan ? plan.backupFirst : parameters.backupFirst !== false && losses.length > 0,
    confirm: plan.target.protected ? plan.target.name : null,
  };
}

function bytesOf(plan: CommandPlan): number | null {
  if ('engine' in plan) return plan.bytes;
  if ('script' in plan) return plan.script.bytes;
  return 'backup' in plan ? plan.backup.bytes : null;
}

/**
 * Says in which respect a plan loses more than was agreed to; null: it does not.
 * @param now the plan that the job itself made
 */
export function findExcess(now: CommandPlan, agreed: AgreedLosses): string | null {
  if (now.target.address !== agreed.target)
    return `${now.target.name} leads to ${now.target.address} instead of ${agreed.target}`;
  const known = new Map(agreed.losses.map(({ table, rows }) => [table, rows]));
  const more = listLosses(now).find(({ table, rows }) => rows > (known.get(table) ?? 0));
  if (more === undefined) return null;
  return (
    `${more.table} has ${formatCount(more.rows, 'row')} to lose,` +
    ` and the plan showed ${known.get(more.table) ?? 0}`
  );
}

/**
 * The answer of a job to the plan of its command: it agrees to no more than was agreed to, and backs the
 * target up first.
 */
export function agreeTo(workspace: Workspace, work: ProcessWork): (plan: CommandPlan) => Promise<boolean> {
  const { agreed, parameters, backups } = work;
  return async (plan) => {
    const excess = agreed === null ? null : findExcess(plan, agreed);
    if (excess !== null) throw new Problem('plan_outdated', { reason: excess });
    // A script backs up what it replaces by itself, when no other session can write to it.
    if ('script' in plan || parameters.backupFirst === false || listLosses(plan).length === 0) return true;
    workspace.world.progress(`Backing ${plan.target.name} up first`);
    const made = await backup(workspace, {
      env: String(parameters.to),
      ...(backups !== null && { dir: backups }),
    });
    await refuseOutgrown(workspace, work, made);
    workspace.world.progress(
      `Backed ${plan.target.name} up: ${made.file}, ${formatCount(made.rows ?? 0, 'row')}, verified`,
    );
    return true;
  };
}
