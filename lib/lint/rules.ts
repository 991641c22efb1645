// The ready set of rules.
import { schemaRules } from '../kinds/schema-rules.ts';
import { hazards } from '../model/step.ts';
import { accessRules } from './access-rules.ts';
import { nameRules } from './name-rules.ts';
import { objectRules } from './object-rules.ts';
import { runRules } from './run-rules.ts';
import { shapeRules } from './shape-rules.ts';
import type { StatementRule } from './statement.ts';
import { tableRules } from './table-rules.ts';

/** The rules that read statements. */
export const statementRules: readonly StatementRule[] = [
  ...objectRules,
  ...tableRules,
  ...accessRules,
  ...runRules,
  ...shapeRules,
  ...nameRules,
];

/** The names of the rules about comments that allow. */
export const allowRules = ['unknown_allow', 'unused_allow'] as const;

/** The names of all ready rules. */
export const ruleNames: readonly string[] = [
  ...[...statementRules, ...schemaRules].map(({ name }) => name),
  ...allowRules,
];

/** The names that a comment may allow. @param own the rules of the project */
export const listAllowable = (own: readonly string[]): ReadonlySet<string> =>
  new Set([...hazards, ...ruleNames, ...own]);
