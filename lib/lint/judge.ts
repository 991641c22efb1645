// The policy of a project, which loads nothing where there is none.
import type { Workspace } from '../project/workspace.ts';
import type { JudgedPlan, PolicyVerdict } from './gate.ts';

/** Judges statements by the policy: what `applyPolicy` does. @throws Problem `policy_denied`; of the files */
export async function judge(workspace: Workspace, plan: JudgedPlan): Promise<PolicyVerdict[]> {
  if (workspace.project.policy === undefined) return [];
  const { applyPolicy } = await import('./gate.ts');
  return applyPolicy(workspace, plan);
}
