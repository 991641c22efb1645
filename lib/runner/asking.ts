// Questions of tasks on the terminal.

import type { RenameOptions } from '../compare/renames.ts';
import type { Ask } from '../project/confirmation.ts';
import type { Paper } from '../report/paper.ts';
import type { TaskContext } from './context.ts';

/** Shows a plan, and asks whether to continue where there is a terminal. */
export function askAboutPlan<Plan>(
  { ask, show }: Pick<TaskContext, 'ask' | 'show'>,
  text: (plan: Plan, paper: Paper) => string,
): Ask<Plan> {
  return {
    show: (plan) => show?.((paper) => text(plan, paper)),
    ask: ask && ((plan) => ask((paper) => text(plan, paper))),
  };
}

/** Asks which object was renamed. The first answer is "none". */
export function askAboutRename({ choose }: Pick<TaskContext, 'choose'>): RenameOptions['choose'] {
  if (choose === undefined) return undefined;
  return async ({ gone, names }) => {
    const answers = [`no: it is dropped`, ...names.map((name) => `yes: it is called ${name} now`)];
    const answer = await choose(`${gone} is gone. Was it renamed?`, answers);
    return answer === 0 ? null : answer - 1;
  };
}
