// How much a fault counts: by the policy of the project, the rule, the hazards and the size of the table.
import type { Level, PolicyConfig, RuleOptions, SizedLevel } from '../config/policy.ts';
import type { Hazard } from '../model/step.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';

const weight: Readonly<Record<Level, number>> = { allow: 0, warn: 1, deny: 2 };

/** The levels that are configured for hazards. */
export type HazardLevels = Pick<PolicyConfig, Hazard>;

/** The level that a policy gives to a hazard; undefined: the policy does not mention it. */
export function levelOfHazard(policy: HazardLevels, hazard: Hazard, bytes: number | null): Level | undefined {
  const own: Level | SizedLevel | undefined = policy[hazard];
  if (own === undefined || typeof own === 'string') return own;
  const level = own.level ?? 'deny';
  // Without a target nothing is known of the size.
  if (bytes === null) return level === 'allow' ? level : 'warn';
  return bytes > parseSize(own.over) ? level : 'allow';
}

/** The strongest level that a policy gives to hazards; undefined: it mentions none of them. */
export function levelOfHazards(
  policy: HazardLevels,
  hazards: readonly Hazard[],
  bytes: number | null,
): Level | undefined {
  const levels = hazards.flatMap((hazard) => levelOfHazard(policy, hazard, bytes) ?? []);
  return levels.length === 0 ? undefined : levels.reduce((a, b) => (weight[b] > weight[a] ? b : a));
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

/** Refuses a rule without a function whose name is not in the ready set. @throws Problem `bad_config` */
export function checkRules(policy: PolicyConfig, known: readonly string[]): void {
  for (const name of Object.keys(policy.rules ?? {})) {
    if (known.includes(name) || settingsOf(policy, name).check !== undefined) continue;
    const [close] = findNearest(name, known);
    const meant = close === undefined ? '' : `; did you mean ${close}?`;
    throw new Problem('bad_config', {
      file: 'pgmage.config.ts',
      reason: `policy.rules.${name} is not a known rule and has no function${meant}`,
    });
  }
}
