// The smallest unit of a database: each table, column, default, constraint and comment is one fact.

/**
 * A value as `to_json` returns it. 64-bit numbers travel as text, because JSON numbers lose digits above
 * 2^53.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The compared attributes of a fact. Two facts of the same id are equal when their payloads are. */
export type Payload = { readonly [attribute: string]: Json };

/** Unquoted names from the outside in; a kind says by a tuple which names its facts have. */
export type FactPath = readonly string[];

/** The path of an object of the database itself. */
export type DatabasePath = readonly [name: string];

/** The path of a part of a relation or type: a column, a constraint, an index. */
export type PartPath = readonly [schema: string, relation: string, name: string];

/** Returns the innermost name of a path: an object's own. */
export function ownName(path: FactPath): string {
  return path.at(-1) ?? '';
}

/**
 * One object, or one separately alterable part of an object. Facts never nest: a column names its table as
 * `parent`.
 */
export interface Fact<P = Payload, Path extends FactPath = FactPath> {
  /** `kind:path`, quoted where SQL would quote: the same for the same object in every database. */
  readonly id: string;
  readonly kind: string;
  /** Unquoted names from the outside in, e.g. `['public', 'users', 'email']`. */
  readonly path: Path;
  /** Argument list of a routine, operator or the like, as SQL, parentheses included; otherwise empty. */
  readonly signature: string;
  /** The id of the fact with which the server drops this one, e.g. the table of a column. */
  readonly parent: string | null;
  /**
   * Ids of the facts it is inherited from (a partition's column from its parent's): made and altered along
   * with them.
   */
  readonly origins: readonly string[];
  /** Defined here as well as inherited: it stays when its origins go. */
  readonly outlives?: boolean;
  /** Place among its siblings where order matters at creation; never compared. */
  readonly position: number;
  readonly payload: P;
}
