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
export type Lock = 'ACCESS EXCLUSIVE' | 'SHARE ROW EXCLUSIVE' | 'SHARE' | 'SHARE UPDATE EXCLUSIVE' | null;

/** What a kind writes: SQL without the closing semicolon, and what that statement costs. A bare string costs nothing. */
export interface Statement {
  readonly sql: string;
  /** The same as it may be shown, where `sql` holds a secret; the engine writes it, by `Kind.masked`. */
  readonly shown?: string;
  readonly hazards?: readonly Hazard[];
  readonly lock?: Lock;
  /**
   * false: it is committed by itself. The server refuses it in a transaction block, its effect may only be used after a
   * commit, or nobody shall wait for more than it alone.
   */
  readonly transactional?: boolean;
  /** What is asked of the rows that are there before it runs. */
  readonly checks?: readonly RowCheck[];
}

/** What a kind's `create`, `drop` and `alter` return. An empty array: nothing needs to be run. */
export type Script = string | Statement | readonly (string | Statement)[];

/** A script's statements, one by one. */
export function statementsOf(script: Script): Statement[] {
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
  readonly lock: Lock;
  readonly transactional: boolean;
  /** What is asked of the rows that are there before any step runs; left out where there is nothing to ask. */
  readonly checks?: readonly RowCheck[];
  /** Steps of one segment may share a transaction; a new segment starts after a commit. Counts from 0. */
  readonly segment: number;
}
