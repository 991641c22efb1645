// The policy of a project: which costs of statements are allowed, and the rules that its schema follows.
import type { RuleFault, TableFacts } from '../kinds/schema-rules.ts';
import type { Fact } from '../model/fact.ts';
import type { Hazard, Step } from '../model/step.ts';

/** `deny`: it is refused. `warn`: it is shown. `allow`: it is not mentioned. */
export type Level = 'allow' | 'warn' | 'deny';

/** A level that counts from a size of the table on, with one or both of its members. */
export interface SizedLevel {
  /**
   * The size of the table with its indexes: `1GB`, `100MB`. Smaller tables are not mentioned. Default: the
   * level holds for every table.
   */
  readonly over?: string;
  /** Default: `deny`. */
  readonly level?: Level;
}

/** The settings of a rule: its level, and what the rule itself reads. */
export interface RuleOptions {
  readonly level?: Level;
  /** A regular expression that names match; of `naming`. */
  readonly pattern?: string;
  /** Names of columns; of `required_columns`. */
  readonly columns?: readonly string[];
  /** A rule of the project's own. */
  readonly check?: OwnRule;
}

/** The input of a rule of the project's own. */
export interface RuleInput {
  /** Every object of the wanted schema. */
  readonly facts: readonly Fact[];
  readonly tables: readonly TableFacts[];
  /** The statements from the migrations to the wanted schema, which `db:generate` would write. */
  readonly steps: readonly Step[];
}

/** A rule of the project's own: a function of the wanted schema and the next statements. */
export type OwnRule = (input: RuleInput) => readonly RuleFault[];

/**
 * What is allowed to happen to databases, by hazard, and the rules that `db:lint` checks. `db:generate`,
 * `db:sync`, `db:rollback` and `db:push` refuse statements with a denied hazard.
 */
export type PolicyConfig = { readonly [H in Hazard]?: Level | SizedLevel } & {
  /** Rules by name: a level, a function, or settings. */
  readonly rules?: Readonly<Record<string, Level | OwnRule | RuleOptions>>;
  /** The last migration that `db:lint` does not read: its name, or the number at its start. */
  readonly after?: string;
};
