// The worst case of a change over all tenants, for one question: each statement once, with the number of
// tenants and the sum of their sizes.
import type { Caution } from '../compare/impact.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { describeFinding, type Finding } from '../migrate/findings.ts';
import type { Hazard } from '../model/step.ts';

/** The cost of a statement in all tenants. */
export interface TenantsCaution {
  readonly hazard: Hazard;
  /** The statement as it may be shown. */
  readonly sql: string;
  /** The number of tenants. */
  readonly tenants: number;
  /** The table with the sums of all tenants; null: none, or a new one. */
  readonly table: {
    readonly name: string;
    /** As the servers estimate; null: one of them never counted. */
    readonly rows: number | null;
    readonly bytes: number;
  } | null;
}

/** Rows that a statement fails on or changes, in all tenants. */
export interface TenantsFinding {
  readonly outcome: Finding['outcome'];
  readonly sql: string;
  readonly table: string;
  /** A description of the found rows: `no phone`. */
  readonly words: string;
  readonly tenants: number;
  /** The sum; of tenants where they could be counted. */
  readonly found: number;
  /** One tenant's, as a sentence. */
  readonly example: string;
}

/** The number of tenants that something is true of. */
export interface TenantsCount {
  readonly name: string;
  readonly tenants: number;
}

/** The costs of a change in the worst case. */
export interface WorstCosts {
  /** Migrations that failed half-way and are finished first. */
  readonly unfinished: readonly TenantsCount[];
  /** The SQL that finishes them, which differs by what has run. */
  readonly finishing: readonly TenantsCount[];
  readonly cautions: readonly TenantsCaution[];
  readonly findings: readonly TenantsFinding[];
  /** Statements that the policy warns of. */
  readonly policy: readonly TenantsCount[];
  /** Statements that lose data. */
  readonly losses: readonly TenantsCount[];
}

/** The worst case. */
export interface WorstCase extends WorstCosts {
  /** Migrations that are applied or undone, by their names. */
  readonly migrations: readonly TenantsCount[];
}

/** One tenant's share. */
export interface TenantCase {
  readonly migrations: readonly string[];
  readonly unfinished: string | null;
  readonly finishing: readonly string[];
  readonly cautions: readonly Caution[];
  readonly findings: readonly Finding[];
  readonly policy: readonly PolicyVerdict[];
  readonly losses: readonly string[];
}

/** Adds tenants up. */
export class WorstCaseSum {
  readonly #migrations = new Map<string, number>();
  readonly #unfinished = new Map<string, number>();
  readonly #finishing = new Map<string, number>();
  readonly #policy = new Map<string, number>();
  readonly #losses = new Map<string, number>();
  readonly #cautions = new Map<string, TenantsCaution>();
  readonly #findings = new Map<string, TenantsFinding>();

  /** Adds one tenant. */
  add({ migrations, unfinished, finishing, cautions, findings, policy, losses }: TenantCase): void {
    for (const sql of new Set(finishing)) count(this.#finishing, sql);
    for (const name of migrations) count(this.#migrations, name);
    if (unfinished !== null) count(this.#unfinished, unfinished);
    for (const one of new Set(policy.map(({ hazard, sql }) => `${hazard}: ${sql}`))) count(this.#policy, one);
    for (const what of new Set(losses)) count(this.#losses, what);
    const own = new Map(cautions.map((one) => [JSON.stringify([one.hazard, one.sql]), one]));
    for (const [key, one] of own) this.#cautions.set(key, addCaution(this.#cautions.get(key), one));
    for (const one of findings) {
      const key = JSON.stringify([one.outcome, one.sql, one.words]);
      this.#findings.set(key, addFinding(this.#findings.get(key), one));
    }
  }

  /** The sum of those that were added. */
  sum(): WorstCase {
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts].map(([name, tenants]) => ({ name, tenants }));
    return {
      migrations: list(this.#migrations),
      unfinished: list(this.#unfinished),
      finishing: list(this.#finishing),
      cautions: [...this.#cautions.values()],
      findings: [...this.#findings.values()],
      policy: list(this.#policy),
      losses: list(this.#losses),
    };
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function addCaution(sum: TenantsCaution | undefined, { hazard, sql, table }: Caution): TenantsCaution {
  if (sum === undefined) return { hazard, sql, tenants: 1, table };
  const tenants = sum.tenants + 1;
  if (sum.table === null || table === null) return { ...sum, tenants, table: sum.table ?? table };
  const { name, rows, bytes } = sum.table;
  return {
    ...sum,
    tenants,
    table: {
      name,
      rows: rows === null || table.rows === null ? null : rows + table.rows,
      bytes: bytes + table.bytes,
    },
  };
}

function addFinding(sum: TenantsFinding | undefined, finding: Finding): TenantsFinding {
  const { outcome, sql, table, words, answer } = finding;
  const found = 'unknown' in answer ? 0 : answer.found;
  if (sum !== undefined) return { ...sum, tenants: sum.tenants + 1, found: sum.found + found };
  return { outcome, sql, table, words, tenants: 1, found, example: describeFinding(finding) };
}
