// Files of SQL → the faults of their statements.
import type { Level, PolicyConfig } from '../config/policy.ts';
import type { Hazard } from '../model/step.ts';
import { visitStatements } from '../sql/parse.ts';
import { loadParser } from '../sql/parser.ts';
import { computedName } from '../sql/templates.ts';
import type { Coverable } from './allows.ts';
import { settingsOf } from './level.ts';
import { usualNames } from './name-rules.ts';
import { statementRules } from './rules.ts';
import { visitRun } from './run.ts';
import { findOpenTransaction } from './run-rules.ts';
import { openScope } from './scope.ts';
import { notePathEnd } from './search-path.ts';
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
 * @param areOneRun true: the files all run one after the other, so that what one creates is new for the
 *   next; left out: each file counts for itself
 * @throws Problem `invalid_sql`
 */
export async function lintFiles(
  files: readonly LintedFile[],
  policy: PolicyConfig,
  areOneRun = false,
): Promise<RuleFinding[]> {
  const found: RuleFinding[] = [];
  const naming = new RegExp(settingsOf(policy, 'naming').pattern ?? usualNames);
  const notNullChecks: FileScope['notNullChecks'] = new Map();
  const parser = await loadParser();
  const begin = () => ({ created: new Set<string>(), parents: new Set<string>(), routines: new Map() });
  let made = begin();
  for (const file of files) {
    if (!areOneRun) made = begin();
    const scope = openScope(file, { naming, notNullChecks, ...made });
    const rules = statementRules.filter(({ files: where }) => where === 'both' || where === file.is);
    let last = { start: 0, end: 0 };
    await visitStatements(file.file, file.text, (tree, sql) => {
      last = { start: tree.start, end: tree.end };
      const range = { file: file.file, ...last };
      visitRun(parser, { statement: placeStatement(sql, tree), sql, scope }, (statement, where) => {
        // A text that a block only puts together may be no SQL, so that its style does not count.
        for (const rule of rules)
          if (rule.hazards.length > 0 || statement.isComputed !== true)
            for (const fault of rule.find(statement, where))
              found.push(toFinding(rule, fault, range, statement.index));
      });
    });
    notePathEnd(scope);
    const open = file.is === 'migration' ? findOpenTransaction(scope) : [];
    for (const { rule, fault } of open)
      found.push(toFinding(rule, fault, { file: file.file, start: 0, end: last.end }, fault.index));
  }
  return found;
}

function toFinding(
  rule: StatementRule,
  { object, message, index, hazards = rule.hazards, hint = rule.hint }: StatementFault,
  statement: NonNullable<Coverable['statement']>,
  start: number,
): RuleFinding {
  const place = { file: statement.file, index: index ?? start };
  const own = object?.includes(computedName) ? null : object;
  const { name, level: usual } = rule;
  return { rule: name, usual, hazards, object: own, message, hint, statement, place };
}
