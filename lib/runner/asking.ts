// Questions of tasks on the terminal.

import type { RepairInput } from '../commands/verify-repair.ts';
import type { Renaming } from '../compare/renames.ts';
import type { Ask } from '../project/confirmation.ts';
import type { Paper } from '../report/paper.ts';
import type { TaskContext } from './context.ts';
import type { Outcome } from './outcome.ts';

/** Shows a plan and asks whether to continue; undefined: there is no terminal. */
export function asking<Plan>(
  { ask }: Pick<TaskContext, 'ask'>,
  text: (plan: Plan, paper: Paper) => string,
): Ask<Plan> {
  return ask && ((plan) => ask((paper) => text(plan, paper)));
}

/** Asks which object was renamed. The first answer is "none". */
export function renameChooser({ choose }: Pick<TaskContext, 'choose'>): Renaming['choose'] {
  if (choose === undefined) return undefined;
  return async ({ gone, names }) => {
    const answers = [`no: it is dropped`, ...names.map((name) => `yes: it is called ${name} now`)];
    const answer = await choose(`${gone} is gone. Was it renamed?`, answers);
    return answer === 0 ? null : answer - 1;
  };
}

/** `db:verify --repair`: shows which edits would be accepted, asks and accepts them. */
export async function repairing(context: TaskContext, options: RepairInput): Promise<Outcome> {
  const [{ repair }, { repairPlanText, repairText }] = await Promise.all([
    import('../commands/verify-repair.ts'),
    import('../report/repair.ts'),
  ]);
  const facts = await repair(context, options, asking(context, repairPlanText));
  return { facts, text: () => repairText(facts), code: facts.done ? 0 : 1 };
}
