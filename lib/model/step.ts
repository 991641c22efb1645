// One statement of a plan, with all that it costs.
import type { RowCheck } from './row-check.ts';

/** What can go wrong or hurt when a step runs; closed, so that gates can name them. */
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

/** Table-level lock a step takes on what it changes (manual: "Explicit Locking"); null: none on any table with rows. */
export type TableLock =
  | 'ACCESS EXCLUSIVE'
  | 'SHARE ROW EXCLUSIVE'
  | 'SHARE'
  | 'SHARE UPDATE EXCLUSIVE'
  | null;

/** What a kind writes: SQL without the closing semicolon, and what that statement costs. A bare string costs nothing. */
export interface Statement {
  readonly sql: string;
  /** The same as it may be shown, where `sql` holds a secret; the engine writes it, by `Kind.masked`. */
  readonly shown?: string;
  readonly hazards?: readonly Hazard[];
  readonly lock?: TableLock;
  /**
   * false: it is committed by itself. The server refuses it in a transaction block, its effect may only be used after a
   * commit, or nobody shall wait for more than it alone.
   */
  readonly transactional?: boolean;
  /** What is asked of the rows that are there before it runs. */
  readonly checks?: readonly RowCheck[];
  /** Its words as a subcommand, where it may be put together with others of its table. */
  readonly part?: Subcommand;
}

/** What can stand in one ALTER TABLE with others. */
export interface Subcommand {
  /** The id of the table's fact. */
  readonly table: string;
  /** `ALTER TABLE public.t` */
  readonly head: string;
  /** `ADD COLUMN a integer` */
  readonly action: string;
  /** When the server runs it among the others: it drops, changes types, adds columns, sets other properties. */
  readonly pass: 'drop' | 'type' | 'add' | 'set';
}

/** What a kind's `create`, `drop` and `alter` return. An empty array: nothing needs to be run. */
export type StatementScript = string | Statement | readonly (string | Statement)[];

/** A script's statements, one by one. */
export function statementsOf(script: StatementScript): Statement[] {
  const entries = Array.isArray(script) ? script : [script as string | Statement];
  return entries.map((entry) => (typeof entry === 'string' ? { sql: entry } : entry));
}

/** What a step does to its fact. */
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
  /** What is asked of the rows that are there before any step runs; left out where there is nothing to ask. */
  readonly checks?: readonly RowCheck[];
  /** Steps of one segment may share a transaction; a new segment starts after a commit. Counts from 0. */
  readonly segment: number;
  /** What it does for several facts at once, each as the statement that it would be alone; left out: it is for one. */
  readonly parts?: readonly Omit<Step, 'segment' | 'parts'>[];
}

/** A step whose place is not known yet. */
export type UnsegmentedStep = Omit<Step, 'segment'> & { readonly part?: Subcommand };

/** Each step, or what it puts together: what is said of single facts is said of these. */
export function singly(steps: readonly Step[]): Step[] {
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
export const strongest = (held: readonly TableLock[]): TableLock =>
  locks.find((lock) => held.includes(lock)) ?? null;
