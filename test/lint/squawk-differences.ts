// Statements that squawk flags and pgmage does not, on purpose.

/** One such difference. */
export interface SquawkDifference {
  /** The statements, for the documents. */
  readonly flags: string;
  readonly why: string;
  readonly squawk: string;
  /** The rule of the same meaning. */
  readonly ours: string;
  readonly statements: readonly string[];
  readonly transactional?: true;
  /** The version that squawk judges for. */
  readonly version?: string;
}

const made = 'create table app.fresh (a bigint);';

/** The differences. */
export const differences: readonly SquawkDifference[] = [
  {
    flags: "a default such as `CURRENT_DATE`, `lower('A')` or `1 + 1` in a new column",
    why: 'it is not volatile: the server stores one value and rewrites nothing',
    squawk: 'adding-field-with-default',
    ours: 'volatile_default',
    statements: ['current_date', "lower('A')", 'abs(1)', '1 + 1', 'current_user', "md5('a')"].map(
      (value) => `alter table app.t add column v text default (${value});`,
    ),
  },
  {
    flags: 'a `CHECK` that is `NOT ENFORCED` without `NOT VALID`',
    why: 'the server reads no rows for it',
    squawk: 'constraint-missing-not-valid',
    ours: 'constraint_not_valid',
    statements: ['alter table app.t add constraint c check (a > 0) not enforced;'],
    version: '18',
  },
  {
    flags: 'a domain with a `DEFAULT` and no constraint',
    why: 'nothing is checked',
    squawk: 'ban-create-domain-with-constraint',
    ours: 'domain_constraints',
    statements: [`create domain app.d as text default 'a';`],
  },
  {
    flags: '`CREATE INDEX ON ONLY`',
    why: 'the index of a partitioned table alone reads no rows',
    squawk: 'require-concurrent-index-creation',
    ours: 'concurrent_indexes',
    statements: ['create index i on only app.p (a);'],
  },
  {
    flags: 'a new column that is `GENERATED … VIRTUAL`',
    why: 'its values are not stored',
    squawk: 'adding-field-with-default',
    ours: 'volatile_default',
    statements: ['alter table app.t add column v bigint generated always as (a * 2) virtual;'],
    version: '18',
  },
  {
    flags: 'a column that is added to a table of the same file',
    why: 'the table has no rows yet',
    squawk: 'adding-field-with-default',
    ours: 'volatile_default',
    statements: [`${made} alter table app.fresh add column v uuid default gen_random_uuid();`],
  },
  {
    flags: 'an index of a table of the same file',
    why: 'the table has no rows yet',
    squawk: 'require-concurrent-index-creation',
    ours: 'concurrent_indexes',
    statements: [`${made} create index i on app.fresh (a);`],
  },
  {
    flags: '`ALTER`, `COMMENT` and `LOCK` of a table of the same file before the timeouts are set',
    why: 'no other session has a lock on the table',
    squawk: 'require-lock-timeout',
    ours: 'timeout_settings',
    statements: [
      'alter table app.fresh add column b bigint;',
      `comment on table app.fresh is 'x';`,
      `comment on column app.fresh.a is 'x';`,
      'lock table app.fresh;',
    ].map((sql) => `${made} ${sql}`),
  },
  {
    flags:
      '`SET` and `DROP NOT NULL`, `SET` and `DROP DEFAULT`, `SET LOGGED`, `TYPE`, `OWNER TO`, `VALIDATE` and others' +
      ' without `IF EXISTS`, outside of a transaction',
    why: 'they succeed when they run again',
    squawk: 'prefer-robust-stmts',
    ours: 'robust_statements',
    statements: [
      'alter column a set not null',
      'alter column a drop not null',
      'alter column a set default 1',
      'alter column a drop default',
      'alter column a set statistics 10',
      'alter column a type numeric',
      'set unlogged',
      'set logged',
      'set (fillfactor = 90)',
      'owner to current_user',
      'validate constraint positive',
      'enable row level security',
      'disable trigger all',
      'cluster on t_a',
      'replica identity full',
    ].map((words) => `alter table app.t ${words}; select 1;`),
  },
  {
    flags: '`ALTER TABLE IF EXISTS … RENAME` outside of a transaction',
    why: 'it succeeds when it runs again',
    squawk: 'prefer-robust-stmts',
    ours: 'robust_statements',
    statements: ['alter table if exists app.t rename to u;'],
  },
  {
    flags: '`ROLLBACK TO` a savepoint and the `COMMIT` after it',
    why: 'the transaction is open until the `COMMIT`',
    squawk: 'transaction-nesting',
    ours: 'transaction_nesting',
    statements: ['begin; savepoint s; rollback to s; commit;'],
  },
  {
    flags: '`CREATE INDEX CONCURRENTLY` without `IF NOT EXISTS` in a transaction',
    why: 'the server refuses it there: `concurrently_in_transaction`',
    squawk: 'prefer-robust-stmts',
    ours: 'robust_statements',
    statements: ['create index concurrently i on app.t (a); select 1;'],
    transactional: true,
  },
];
