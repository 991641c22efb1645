// The facts about a task before it runs; plain data, cached as JSON.

/** The types of values on the command line. */
export type ValueType =
  | { readonly type: 'boolean' }
  // The name of its type, where it has one of its own: `type Url = string`.
  | { readonly type: 'string'; readonly name?: string }
  | { readonly type: 'number'; readonly name?: string }
  | { readonly type: 'choice'; readonly choices: readonly (string | number)[] }
  | { readonly type: 'list'; readonly of: Exclude<ValueType, { type: 'list' } | { type: 'boolean' }> };

/** One option or positional argument. */
export interface TaskParameter {
  /** Its name in the function: `dryRun`. */
  readonly name: string;
  readonly value: ValueType;
  readonly required: boolean;
  /** Its doc comment, on one line; may be empty. */
  readonly help: string;
}

/** One task. */
export interface Task {
  /** `file:function`; a default export is called by its file alone. */
  readonly name: string;
  /** The file's name without its folder: `db.ts`. */
  readonly file: string;
  /** The name under which the file exports it. */
  readonly export: string;
  /** The first sentence of its doc comment. */
  readonly summary: string;
  /** The whole doc comment, without tags. */
  readonly description: string;
  /** In the order of the function's parameters, the context left out. */
  readonly positionals: readonly TaskParameter[];
  readonly options: readonly TaskParameter[];
  /** True if the function takes an object of options after the positional arguments. */
  readonly takesOptions: boolean;
}

/** The flag of an option: `dryRun` → `--dry-run`. */
export function toFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
