// How much a fault counts: by the policy of the project, the rule, the hazards and the size of the table.

import type { Level, PolicyConfig, RuleOptions, SizedLevel } from '../config/policy.ts';
import type { Hazard } from '../model/step.ts';
import { configFile } from '../problem/config-file.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';

const weight: Readonly<Record<Level, number>> = { allow: 0, warn: 1, deny: 2 };

/** The levels that are configured for hazards. */
export type HazardLevels = Pick<PolicyConfig, Hazard>;

/** The level that a policy gives to a hazard; undefined: the policy does not mention it. */
export function levelOfHazard(policy: HazardLevels, hazard: Hazard, bytes: number | null): Level | undefined {
  const own: Level | SizedLevel | undefined = policy[hazard];
  if (own === undefined || typeof own === 'string') return own;
  const { over, level = 'deny' } = own;
  if (over === undefined) return level;
  // Without a target nothing is known of the size.
  if (bytes === null) return level === 'allow' ? level : 'warn';
  return bytes > parseSize(over) ? level : 'allow';
}

/** The hazards of a fault, and the levels that it has by itself. */
export interface LeveledFault {
  /** The main one first. */
  readonly hazards: readonly Hazard[];
  /** The hazards that a comment allows. */
  readonly allowed: ReadonlySet<string>;
  /** The level that is configured for the rule. */
  readonly own: Level | undefined;
  /** The level of the rule without configuration. */
  readonly usual: Level;
}

/**
 * The level of a fault: that of its rule, else the strongest of its hazards. The main hazard has the usual
 * level of the rule where the policy does not mention it, so that a level for another one only raises it.
 */
export function levelOfFault(fault: LeveledFault, policy: HazardLevels, bytes: number | null): Level {
  const { hazards, allowed, own, usual } = fault;
  if (hazards.length === 0) return own ?? usual;
  const levels = hazards.map((hazard, at): Level => {
    if (allowed.has(hazard)) return 'allow';
    const level = levelOfHazard(policy, hazard, bytes);
    if (at === 0) return own ?? level ?? usual;
    return level === undefined || level === 'allow' ? 'allow' : (own ?? level);
  });
  return levels.reduce((a, b) => (weight[b] > weight[a] ? b : a));
}

const units: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

/** The bytes of a size such as `1.5GB`, counted as PostgreSQL does. */
export function parseSize(text: string): number {
  const [, number, unit = 'B'] = /^([\d.]+)\s*(\w+)$/.exec(text.trim()) ?? [];
  return Number(number) * (units[unit.toUpperCase()] ?? 1);
}

/** The settings of a rule by its name. */
export function settingsOf({ rules = {} }: PolicyConfig, rule: string): RuleOptions {
  const own = Object.hasOwn(rules, rule) ? rules[rule] : undefined;
  if (own === undefined) return {};
  if (typeof own === 'string') return { level: own };
  return typeof own === 'function' ? { check: own } : own;
}

/**
 * Refuses a rule without a function whose name is not in the ready set, and one that has not its columns.
 * @throws Problem `bad_config`
 */
export function checkRules(policy: PolicyConfig, known: readonly string[]): void {
  for (const name of Object.keys(policy.rules ?? {})) {
    const { level, columns = [], check } = settingsOf(policy, name);
    if (name === 'required_columns' && check === undefined && level !== 'allow' && columns.length === 0)
      throw new Problem('bad_config', {
        file: configFile(),
        reason: `policy.rules.${name} needs columns, as in { columns: ['created_at'] }`,
      });
    if (known.includes(name) || check !== undefined) continue;
    const [close] = findNearest(name, known);
    const meant = close === undefined ? '' : `; did you mean ${close}?`;
    throw new Problem('bad_config', {
      file: configFile(),
      reason: `policy.rules.${name} is not a known rule and has no function${meant}`,
    });
  }
}
