// The faults of a wanted schema: by the ready rules over tables, and by the project's own.

import type { PolicyConfig } from '../config/policy.ts';
import { listTables, type RuleFault, schemaRules } from '../kinds/schema-rules.ts';
import type { Catalog } from '../model/catalog.ts';
import { type Step, splitCombined } from '../model/step.ts';
import { configFile } from '../problem/config-file.ts';
import { Problem } from '../problem/problem.ts';
import { settingsOf } from './level.ts';
import type { RuleFinding } from './lint.ts';
import type { FindObject } from './places.ts';

/** The wanted schema, and the statements that lead there. */
export interface LintedSchema {
  readonly catalog: Catalog;
  readonly steps: readonly Step[];
  readonly find: FindObject;
}

/** The names of the rules of the project's own. */
export const listOwnRules = ({ rules = {} }: PolicyConfig): string[] =>
  Object.keys(rules).filter((name) => settingsOf({ rules }, name).check !== undefined);

/** Finds the faults of a schema. @throws Problem `bad_config` where a rule of the project throws */
export function lintSchema({ catalog, steps, find }: LintedSchema, policy: PolicyConfig): RuleFinding[] {
  const tables = listTables(catalog);
  const toFinding = (rule: string, usual: RuleFinding['usual'], usualHint: string) => {
    return ({ object: named, message, hint = usualHint }: RuleFault): RuleFinding => ({
      rule,
      usual,
      hazards: [],
      message,
      hint,
      object: named ?? null,
      statement: null,
      place: named === undefined ? null : find(named),
    });
  };
  const ready = schemaRules.flatMap((rule) => {
    const { columns } = settingsOf(policy, rule.name);
    // With columns to look for, the rule is on.
    const usual = columns === undefined ? rule.level : 'deny';
    return tables.flatMap((table) =>
      rule.find(table, columns ?? []).map(toFinding(rule.name, usual, rule.hint)),
    );
  });
  const own = listOwnRules(policy).flatMap((name) =>
    runOwn(name, policy, { facts: [...catalog.facts.values()], tables, steps }).map(
      toFinding(name, 'deny', ''),
    ),
  );
  return [...ready, ...own];
}

function runOwn(
  name: string,
  policy: PolicyConfig,
  input: Parameters<NonNullable<ReturnType<typeof settingsOf>['check']>>[0],
): readonly RuleFault[] {
  try {
    const faults = settingsOf(policy, name).check?.(input);
    if (Array.isArray(faults)) return faults;
  } catch (thrown) {
    const reason = `policy.rules.${name} failed: ${(thrown as Error).message}`;
    throw new Problem('bad_config', { file: configFile(), reason }, { cause: thrown });
  }
  const reason = `policy.rules.${name} must return a list of faults`;
  throw new Problem('bad_config', { file: configFile(), reason });
}

/** The hazards of the statements that `db:generate` would write, at the objects that they are for. */
export function lintSteps(steps: readonly Step[], find: FindObject): RuleFinding[] {
  return splitCombined(steps).flatMap(({ hazards, fact, sql, shown = sql }) => {
    const object = objectOf(fact);
    return hazards.map((hazard) => ({
      rule: hazard,
      usual: 'allow' as const,
      hazards: [hazard],
      message: `The next migration has this hazard: ${shown.replace(/\s+/g, ' ')}`,
      hint: `Change the schema, or write '-- pgmage:allow ${hazard} ${object}' into it.`,
      object,
      statement: null,
      place: find(object),
    }));
  });
}

/** The qualified and quoted name of a fact, without its kind. */
export const objectOf = (fact: string) => fact.slice(fact.indexOf(':') + 1);
