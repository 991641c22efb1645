// A case for each rule of squawk: SQL that it flags, and SQL that it does not.

/** The names of a rule, there and here, and its two texts. */
export interface SquawkCase {
  readonly squawk: string;
  readonly ours: string;
  readonly bad: string;
  readonly good: string;
  readonly transactional?: boolean;
  /** The version that squawk judges for. */
  readonly version?: string;
}

/** The cases. */
export const cases: readonly SquawkCase[] = [
  {
    squawk: 'require-concurrent-index-creation',
    ours: 'concurrent_indexes',
    bad: 'create index orders_buyer on app.orders (buyer);',
    good: 'create index concurrently orders_buyer on app.orders (buyer);',
  },
  {
    squawk: 'require-concurrent-index-deletion',
    ours: 'concurrent_indexes',
    bad: 'drop index app.orders_buyer;',
    good: 'drop index concurrently app.orders_buyer;',
  },
  {
    squawk: 'require-concurrent-reindex',
    ours: 'concurrent_indexes',
    bad: 'reindex index app.orders_buyer;',
    good: 'reindex index concurrently app.orders_buyer;',
  },
  {
    squawk: 'require-concurrent-partition-detach',
    ours: 'concurrent_detach',
    bad: 'alter table app.events detach partition app.events_2020;',
    good: 'alter table app.events detach partition app.events_2020 concurrently;',
  },
  {
    squawk: 'constraint-missing-not-valid',
    ours: 'constraint_not_valid',
    bad: 'alter table app.orders add constraint total_positive check (total > 0);',
    good: 'alter table app.orders add constraint total_positive check (total > 0) not valid;',
  },
  {
    squawk: 'constraint-missing-not-valid',
    ours: 'constraint_not_valid',
    transactional: true,
    bad: `alter table app.orders add constraint c check (total > 0) not valid;
      alter table app.orders validate constraint c;`,
    good: 'alter table app.orders validate constraint c;',
  },
  {
    squawk: 'constraint-missing-not-valid',
    ours: 'constraint_not_valid',
    transactional: true,
    bad: `alter table app.orders add constraint c foreign key (buyer) references app.users (id) not valid,
      validate constraint c;`,
    good: 'alter table app.orders add constraint c foreign key (buyer) references app.users (id) not valid;',
  },
  {
    squawk: 'constraint-missing-not-valid',
    ours: 'exclusion_constraint',
    bad: 'alter table app.stays add constraint apart exclude using gist (room with =, days with &&);',
    good: 'create table app.stays (room int, exclude using gist (room with =));',
  },
  {
    squawk: 'constraint-missing-not-valid',
    ours: 'not_null_validated',
    bad: 'alter table app.users add constraint given not null email;',
    good: 'alter table app.users add constraint given not null email not valid;',
  },
  ...['unique (email)', 'primary key (id)'].map((key) => ({
    squawk: 'constraint-missing-not-valid',
    ours: 'unique_using_index',
    bad: `alter table app.users add constraint k ${key};`,
    good: 'alter table app.users add constraint k unique using index users_email;',
  })),
  {
    squawk: 'adding-foreign-key-constraint',
    ours: 'constraint_not_valid',
    bad: 'alter table app.orders add constraint buyer_fk foreign key (buyer) references app.users (id);',
    good: `alter table app.orders add constraint buyer_fk foreign key (buyer) references app.users (id) not
      valid;`,
  },
  {
    squawk: 'disallowed-unique-constraint',
    ours: 'unique_using_index',
    bad: 'alter table app.users add constraint email_key unique (email);',
    good: 'alter table app.users add constraint email_key unique using index users_email;',
  },
  {
    squawk: 'adding-field-with-default',
    ours: 'volatile_default',
    bad: 'alter table app.users add column token uuid default gen_random_uuid();',
    good: "alter table app.users add column kind text default 'plain';",
  },
  {
    squawk: 'adding-field-with-default',
    ours: 'volatile_default',
    bad: 'alter table app.users add column twice bigint generated always as (id * 2) stored;',
    good: 'alter table app.users add column born timestamptz default now();',
  },
  {
    squawk: 'adding-serial-primary-key-field',
    ours: 'unique_using_index',
    bad: 'alter table app.log add column id bigserial primary key;',
    good: 'alter table app.log add column id bigint;',
  },
  {
    squawk: 'adding-required-field',
    ours: 'required_column',
    bad: 'alter table app.users add column age bigint not null;',
    good: 'alter table app.users add column age bigint not null default 0;',
  },
  {
    squawk: 'adding-not-nullable-field',
    ours: 'not_null_validated',
    bad: 'alter table app.users alter column email set not null;',
    good: `alter table app.users add constraint given check (email is not null) not valid;
      alter table app.users validate constraint given;
      alter table app.users alter column email set not null;`,
  },
  {
    squawk: 'changing-column-type',
    ours: 'column_type',
    bad: 'alter table app.users alter column age type bigint;',
    good: 'alter table app.users alter column age set default 1;',
  },
  {
    squawk: 'renaming-column',
    ours: 'renames',
    bad: 'alter table app.users rename column name to full_name;',
    good: 'alter table app.users rename constraint a to b;',
  },
  {
    squawk: 'renaming-table',
    ours: 'renames',
    bad: 'alter table app.users rename to people;',
    good: 'alter index app.users_email rename to people_email;',
  },
  {
    squawk: 'ban-drop-column',
    ours: 'drop_column',
    bad: 'alter table app.users drop column name;',
    good: 'alter table app.users alter column name drop default;',
  },
  {
    squawk: 'ban-drop-table',
    ours: 'drop_table',
    bad: 'drop table app.users;',
    good: 'drop view app.everyone;',
  },
  { squawk: 'ban-drop-database', ours: 'drop_database', bad: 'drop database shop;', good: 'select 1;' },
  {
    squawk: 'ban-truncate-cascade',
    ours: 'truncate',
    bad: 'truncate app.users cascade;',
    good: 'analyze app.users;',
  },
  {
    squawk: 'ban-drop-not-null',
    ours: 'drop_not_null',
    bad: 'alter table app.users alter column email drop not null;',
    good: 'alter table app.users alter column email drop default;',
  },
  {
    squawk: 'prefer-repack',
    version: '19',
    ours: 'vacuum_full',
    bad: 'vacuum (full) app.users;',
    good: 'vacuum app.users;',
  },
  {
    squawk: 'ban-concurrent-index-creation-in-transaction',
    ours: 'concurrently_in_transaction',
    transactional: true,
    bad: 'create index concurrently a on app.users (a); create index concurrently b on app.users (b);',
    good: 'select 1;',
  },
  {
    squawk: 'transaction-nesting',
    ours: 'transaction_nesting',
    transactional: true,
    bad: 'begin; select 1; commit;',
    good: 'select 1;',
  },
  { squawk: 'transaction-nesting', ours: 'transaction_nesting', bad: 'commit;', good: 'begin; commit;' },
  {
    squawk: 'ban-uncommitted-transaction',
    ours: 'uncommitted_transaction',
    bad: 'begin; select 1;',
    good: 'begin; select 1; commit;',
  },
  {
    squawk: 'require-statement-timeout',
    ours: 'timeout_settings',
    bad: `set lock_timeout = '1s'; alter table app.users add column a bigint;`,
    good: `set lock_timeout = '1s'; set statement_timeout = '1min'; alter table app.users add column a bigint;`,
  },
  {
    squawk: 'require-lock-timeout',
    ours: 'timeout_settings',
    bad: 'alter table app.users add column a bigint;',
    good: `set lock_timeout = '1s'; set statement_timeout = '1min'; alter table app.users add column a bigint;`,
  },
  ...[
    'create view app.v as select 1;',
    'create table app.t (a bigint references app.u);',
    `alter type app.mood add value 'calm';`,
    'create trigger t after insert on app.u for each row execute function f();',
    'refresh materialized view app.m;',
    'lock table app.users;',
    `comment on table app.users is 'people';`,
    `comment on column app.users.email is 'where';`,
    'import foreign schema far from server b into app;',
    'select * into app.copies from app.users;',
  ].map((bad) => ({
    squawk: 'require-lock-timeout',
    ours: 'timeout_settings',
    bad,
    good: `set lock_timeout = '1s'; set statement_timeout = '1min'; ${bad}`,
  })),
  {
    squawk: 'prefer-robust-stmts',
    ours: 'robust_statements',
    bad: 'create index concurrently orders_buyer on app.orders (buyer);',
    good: 'create index concurrently if not exists orders_buyer on app.orders (buyer);',
  },
  {
    squawk: 'prefer-robust-stmts',
    ours: 'robust_statements',
    bad: 'alter table app.users rename to people; select 1;',
    good: 'begin; alter table app.users rename to people; commit;',
  },
  {
    squawk: 'prefer-robust-stmts',
    ours: 'robust_statements',
    bad: 'alter table app.events attach partition app.late for values in (1); select 1;',
    good: `alter table app.users drop constraint if exists c;
      alter table app.users add constraint c check (id > 0) not valid;`,
  },
  {
    squawk: 'require-enum-value-ordering',
    ours: 'enum_order',
    bad: `alter type app.mood add value 'calm';`,
    good: `alter type app.mood add value 'calm' before 'glad';`,
  },
  {
    squawk: 'require-table-schema',
    ours: 'schema_qualified',
    bad: 'create table users (id bigint primary key);',
    good: 'create table app.users (id bigint primary key);',
  },
  ...['drop table users;', 'create table users as select 1;', 'alter table users rename to people;'].map(
    (bad) => ({
      squawk: 'require-table-schema',
      ours: 'schema_qualified',
      bad,
      good: bad.replace('users', 'app.users'),
    }),
  ),
  {
    squawk: 'identifier-too-long',
    ours: 'identifier_length',
    bad: `create table app.${'long_'.repeat(14)} (id bigint primary key);`,
    good: `create table app.${'long_'.repeat(12)} (id bigint primary key);`,
  },
  ...[
    ['prefer-text-field', 'no_varchar', 'varchar(20)', 'text'],
    ['ban-char-field', 'no_char', 'char(20)', 'text'],
    ['prefer-timestamp-tz', 'timestamptz', 'timestamp', 'timestamptz'],
    ['prefer-bigint-over-int', 'bigint_columns', 'integer', 'bigint'],
    ['prefer-bigint-over-smallint', 'bigint_columns', 'smallint', 'bigint'],
  ].map(([squawk = '', ours = '', bad, good]) => ({
    squawk,
    ours,
    bad: `create table app.t (a ${bad});`,
    good: `create table app.t (a ${good});`,
  })),
  {
    squawk: 'prefer-identity',
    ours: 'identity_columns',
    bad: 'create table app.t (a bigserial primary key);',
    good: 'create table app.t (a bigint generated by default as identity primary key);',
  },
  {
    squawk: 'ban-create-domain-with-constraint',
    ours: 'domain_constraints',
    bad: 'create domain app.positive as bigint check (value > 0);',
    good: 'create domain app.amount as bigint;',
  },
  {
    squawk: 'ban-alter-domain-with-add-constraint',
    ours: 'domain_constraints',
    bad: 'alter domain app.amount add constraint positive check (value > 0);',
    good: 'alter domain app.amount set default 1;',
  },
];
