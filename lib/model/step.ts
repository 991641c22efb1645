// One statement of a plan, with all that it costs.
import type { RowCheck } from './row-check.ts';

/** The risks and costs of a step; a closed list, so that gates can name them. */
export const hazards = [
  'deletes_data',
  'loses_values',
  'rewrites_table',
  'blocks_writes',
  'blocks_reads',
  'may_fail_on_existing_rows',
  'fails_on_existing_rows',
  'slows_queries',
  'irreversible',
  'changes_privileges',
  'breaks_clients',
] as const;

/** One of {@link hazards}. */
export type Hazard = (typeof hazards)[number];

/** The lock that a step takes on its table (manual: "Explicit Locking"); null: none on a table with rows. */
export type TableLock =
  | 'ACCESS EXCLUSIVE'
  | 'SHARE ROW EXCLUSIVE'
  | 'SHARE'
  | 'SHARE UPDATE EXCLUSIVE'
  | null;

/** SQL without the closing semicolon, and the cost of that statement. A plain string has no cost. */
export interface Statement {
  readonly sql: string;
  /** The same as it may be shown, where `sql` holds a secret; the engine writes it, by `Kind.masked`. */
  readonly shown?: string;
  readonly hazards?: readonly Hazard[];
  readonly lock?: TableLock;
  /**
   * false: it is committed by itself. The server refuses it in a transaction block, its effect needs a commit
   * before use, or it must not extend the lock time of other statements.
   */
  readonly transactional?: boolean;
  /** The checks of existing rows before it runs. */
  readonly checks?: readonly RowCheck[];
  /** Its words as a subcommand, where it may be put together with others of its table. */
  readonly part?: Subcommand;
}

/** An action that can share an ALTER TABLE with others. */
export interface Subcommand {
  /** The id of the table's fact. */
  readonly table: string;
  /** `ALTER TABLE public.t` */
  readonly head: string;
  /** `ADD COLUMN a integer` */
  readonly action: string;
  /**
   * When the server runs it among the others: it drops, changes types, adds columns, sets other properties.
   */
  readonly pass: 'drop' | 'type' | 'add' | 'set';
}

/** The result of a kind's `create`, `drop` and `alter`. An empty array: there is nothing to run. */
export type StatementScript = string | Statement | readonly (string | Statement)[];

/** The statements of a script, one by one. */
export function listStatements(script: StatementScript): Statement[] {
  const entries = Array.isArray(script) ? script : [script as string | Statement];
  return entries.map((entry) => (typeof entry === 'string' ? { sql: entry } : entry));
}

/** The effect of a step on its fact. */
export type Action = 'create' | 'alter' | 'drop';

/** One statement of a plan, in the order in which it runs. */
export interface Step {
  /** To be run: it holds the passwords that the statement needs. */
  readonly sql: string;
  /** To be read instead, where `sql` holds one. */
  readonly shown?: string;
  readonly action: Action;
  /** The kind of the fact it serves, e.g. `index`. */
  readonly kind: string;
  /** The id of the fact it serves. */
  readonly fact: string;
  readonly hazards: readonly Hazard[];
  readonly lock: TableLock;
  readonly transactional: boolean;
  /** The checks of existing rows before any step runs; left out if there are none. */
  readonly checks?: readonly RowCheck[];
  /** Steps of one segment may share a transaction; a new segment starts after a commit. Counts from 0. */
  readonly segment: number;
  /** The statements that this step combines, each as it would be alone; left out: it is for one fact. */
  readonly parts?: readonly Omit<Step, 'segment' | 'parts'>[];
}

/** A step whose place is not known yet. */
export type UnsegmentedStep = Omit<Step, 'segment'> & { readonly part?: Subcommand };

/** Each step, or the steps that it combines, which carry the costs of single facts. */
export function splitCombined(steps: readonly Step[]): Step[] {
  return steps.flatMap(
    ({ parts, ...step }) => parts?.map((part) => ({ ...part, segment: step.segment })) ?? [step],
  );
}

const locks: readonly TableLock[] = [
  'ACCESS EXCLUSIVE',
  'SHARE ROW EXCLUSIVE',
  'SHARE',
  'SHARE UPDATE EXCLUSIVE',
];

/** The strongest of several locks. */
export const findStrongestLock = (held: readonly TableLock[]): TableLock =>
  locks.find((lock) => held.includes(lock)) ?? null;
