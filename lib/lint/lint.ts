// Files of SQL → the faults of their statements.
import type { Level, PolicyConfig } from '../config/policy.ts';
import type { Hazard } from '../model/step.ts';
import { visitStatements } from '../sql/parse.ts';
import type { Coverable } from './allows.ts';
import { settingsOf } from './level.ts';
import { usualNames } from './name-rules.ts';
import { statementRules } from './rules.ts';
import { findOpenTransaction } from './run-rules.ts';
import { noteEffects, openScope } from './scope.ts';
import {
  type FileScope,
  type LintedFile,
  placeStatement,
  type StatementFault,
  type StatementRule,
} from './statement.ts';

/** A fault of a rule, before it is weighed. */
export interface RuleFinding extends Coverable {
  readonly hazards: readonly Hazard[];
  /** The level of the rule without configuration. */
  readonly usual: Level;
  readonly message: string;
  readonly hint: string;
  /** Its place in a file; null: it has none. */
  readonly place: { readonly file: string; readonly index: number } | null;
}

/**
 * Finds the faults of files, in their order.
 * @param created the relations that earlier files of these created, in files that all run one after the
 *   other; left out: each file counts for itself
 * @throws Problem `invalid_sql`
 */
export async function lintFiles(
  files: readonly LintedFile[],
  policy: PolicyConfig,
  created?: Set<string>,
): Promise<RuleFinding[]> {
  const found: RuleFinding[] = [];
  const naming = new RegExp(settingsOf(policy, 'naming').pattern ?? usualNames);
  const notNullChecks: FileScope['notNullChecks'] = new Map();
  for (const file of files) {
    const scope = openScope(file, { naming, notNullChecks, created: created ?? new Set() });
    const rules = statementRules.filter(({ files: where }) => where === 'both' || where === file.is);
    let last = { start: 0, end: 0 };
    await visitStatements(file.file, file.text, (tree, sql) => {
      const statement = placeStatement(sql, tree);
      last = { start: tree.start, end: tree.end };
      for (const rule of rules)
        for (const fault of rule.find(statement, scope))
          found.push(toFinding(rule, fault, { file: file.file, ...last }, statement.index));
      noteEffects(statement, scope);
    });
    const open = file.is === 'migration' ? findOpenTransaction(scope) : [];
    for (const { rule, fault } of open)
      found.push(toFinding(rule, fault, { file: file.file, start: 0, end: last.end }, fault.index));
  }
  return found;
}

function toFinding(
  rule: StatementRule,
  { object, message, index, hazards = rule.hazards }: StatementFault,
  statement: NonNullable<Coverable['statement']>,
  start: number,
): RuleFinding {
  const place = { file: statement.file, index: index ?? start };
  return { rule: rule.name, usual: rule.level, hazards, object, message, hint: rule.hint, statement, place };
}
