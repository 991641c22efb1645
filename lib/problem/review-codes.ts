// The problems of looking at changes before they run: the policy, and approved plans.

/** Their data. */
export interface ReviewProblems {
  /** `allow`: what comments that allow the statements would say. */
  policy_denied: { readonly statements: readonly string[]; readonly allow: readonly string[] };
  bad_plan: { readonly file: string; readonly reason: string };
  /** `moved`: what is no longer as it was planned. */
  plan_moved: { readonly file: string; readonly environment: string; readonly moved: readonly string[] };
}
