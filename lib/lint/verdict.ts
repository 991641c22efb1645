// Faults → findings: weighed by the policy and by sizes, without those that a comment allows.
import type { TableSize } from '../compare/impact.ts';
import type { PolicyConfig } from '../config/policy.ts';
import { qualify } from '../model/quote.ts';
import type { Hazard } from '../model/step.ts';
import { locate } from '../problem/location.ts';
import { splitNames } from '../sql/object-comments.ts';
import { type Allow, covers, readAllows } from './allows.ts';
import { levelOfFault, settingsOf } from './level.ts';
import type { RuleFinding } from './lint.ts';
import { listAllowable } from './rules.ts';
import { listOwnRules } from './schema.ts';

/** One finding of `db:lint`. */
export interface LintFinding {
  /** The rule, or the hazard. */
  readonly rule: string;
  readonly level: 'warn' | 'deny';
  readonly hazards: readonly Hazard[];
  /** The qualified name of the object; null: the finding is about a statement or a file. */
  readonly object: string | null;
  readonly message: string;
  readonly hint: string;
  /** Its place; null: unknown. Lines and columns count from 1. */
  readonly where: { readonly file: string; readonly line: number; readonly column: number } | null;
  /** The table, where a target was read. */
  readonly table: TableSize | null;
}

/** The input of the weighing of faults. */
export interface Weighing {
  readonly policy: PolicyConfig;
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly sizes: ReadonlyMap<string, TableSize>;
  /** False: some migrations are left out, and a comment that names an object may be about these. */
  readonly isWhole: boolean;
}

/** The name of the table that an object is, or is a part of. */
export const tableName = (object: string): string => qualify(tablePath(object));

/** Its path. */
export const tablePath = (object: string): string[] => splitNames(object).slice(0, 2);

/** Weighs faults, in the order of their places. */
export function weighFindings(found: readonly RuleFinding[], weighing: Weighing): LintFinding[] {
  const { policy, files, sizes, isWhole } = weighing;
  const texts = new Map(files.map(({ file, text }) => [file, text]));
  const placed = (place: RuleFinding['place']) => {
    const text = place === null ? undefined : texts.get(place.file);
    if (place === null || text === undefined) return null;
    const { file, line, column } = locate(place.file, text, place.index);
    return { file, line, column };
  };
  const allows = files.flatMap(readAllows);
  const used = new Set<Allow>();
  const findings = [...found, ...findUnknown(allows, policy)].flatMap((one): LintFinding[] => {
    const covering = allows.filter((allow) => covers(allow, one));
    for (const allow of covering) used.add(allow);
    const { rule, hazards, object, message, hint } = one;
    const table = object === null ? null : (sizes.get(tableName(object)) ?? null);
    const allowed = new Set(covering.flatMap(({ rules }) => rules));
    const own = settingsOf(policy, rule).level;
    const level = levelOfFault({ hazards, allowed, own, usual: one.usual }, policy, table?.bytes ?? null);
    if (allowed.has(rule) || level === 'allow') return [];
    return [{ rule, level, hazards, object, message, hint, where: placed(one.place), table }];
  });
  const idle = allows.filter((allow) => !used.has(allow) && (isWhole || !allow.isNamed));
  const unused = findUnused(idle, policy);
  const more = unused.flatMap(({ rule, usual, hazards, object, message, hint, place }): LintFinding[] => {
    const level = settingsOf(policy, rule).level ?? usual;
    if (level === 'allow') return [];
    return [{ rule, level, hazards, object, message, hint, where: placed(place), table: null }];
  });
  return [...findings, ...more].sort(byPlace(files.map(({ file }) => file)));
}

function findUnknown(allows: readonly Allow[], policy: PolicyConfig): RuleFinding[] {
  const known = listAllowable(listOwnRules(policy));
  return allows.flatMap((allow) =>
    allow.rules
      .filter((rule) => !known.has(rule))
      .map((rule) => commentFinding(allow, 'unknown_allow', `No rule or hazard is called ${rule}`)),
  );
}

function findUnused(allows: readonly Allow[], policy: PolicyConfig): RuleFinding[] {
  const known = listAllowable(listOwnRules(policy));
  return allows
    .filter(({ rules }) => rules.some((rule) => known.has(rule)))
    .map((allow) => commentFinding(allow, 'unused_allow', `Nothing here has ${allow.rules.join(' or ')}`));
}

function commentFinding({ file, index }: Allow, rule: string, message: string): RuleFinding {
  const hint =
    rule === 'unused_allow'
      ? 'Remove the comment.'
      : 'docs/reference/policy.md lists the rules. Correct the comment.';
  const place = { file, index };
  const statement = { file, start: index, end: index };
  return {
    rule,
    usual: rule === 'unused_allow' ? 'warn' : 'deny',
    hazards: [],
    object: null,
    message,
    hint,
    place,
    statement,
  };
}

const byPlace = (files: readonly string[]) => (a: LintFinding, b: LintFinding) => {
  const order = ({ where }: LintFinding) => (where === null ? files.length : files.indexOf(where.file));
  const [one, other] = [a.where ?? { line: 0, column: 0 }, b.where ?? { line: 0, column: 0 }];
  return order(a) - order(b) || one.line - other.line || one.column - other.column;
};
