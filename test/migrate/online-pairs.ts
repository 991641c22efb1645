// Pairs of schemas between which there is a way that nobody has to wait for, and rows that have to survive
// it.

/** One pair. */
export interface OnlinePair {
  readonly name: string;
  readonly old: string;
  readonly new: string;
  /** Rows that fit both. */
  readonly seed: string;
  /** What runs by itself on the way there; none: it is one plain transaction all the same. */
  readonly alone: readonly RegExp[];
  /** The first server that knows it. */
  readonly since?: number;
}

const users = 'create table users (id bigint not null, email text, name text, boss bigint';
const seed = `insert into users values (1, 'a', 'x', 1), (2, 'b', 'y', 1), (3, 'c', null, 2);`;

/** All of them. */
export const onlinePairs: readonly OnlinePair[] = [
  {
    name: 'indexes come',
    old: `${users});`,
    new: `${users}); create index by_name on users (name) with (fillfactor = 70);
      create unique index by_email on users (lower(email)) where name is not null;
      alter index by_email alter column 1 set statistics 50; comment on index by_name is 'why';
      alter table users cluster on by_name;`,
    seed,
    alone: [/CREATE INDEX CONCURRENTLY by_name/, /CREATE UNIQUE INDEX CONCURRENTLY by_email/],
  },
  {
    name: 'indexes go',
    old: `${users}); create index by_name on users (name); create index by_both on users (name, email);`,
    new: `create table users (id bigint not null, email text, name text, boss bigint);`,
    seed,
    alone: [/DROP INDEX CONCURRENTLY public\.by_name/],
  },
  {
    name: 'indexes change',
    old: `${users}); create index by_name on users (name); create unique index by_email on users (email);
      comment on index by_name is 'why';`,
    new: `${users}); create index by_name on users (name, id); create unique index by_email on users (email, id);
      comment on index by_name is 'why';`,
    seed,
    alone: [/CREATE INDEX CONCURRENTLY by_name_rebuilt/, /RENAME TO by_email/],
  },
  {
    name: 'an index of a new column, and of a new table',
    old: `${users});`,
    new: `${users}, note text); create index by_note on users (note);
      create table notes (id bigint primary key, at date); create index by_at on notes (at);`,
    seed,
    alone: [/CREATE INDEX CONCURRENTLY by_note/],
  },
  {
    name: 'an index that a function change rebuilds',
    old: `create function f(text) returns text immutable language sql as $$select $1$$; ${users});
      create index by_f on users (f(name));`,
    new: `create function f(text, int default 1) returns text immutable language sql as $$select $1$$;
      ${users});
      create index by_f on users (f(name));`,
    seed,
    alone: [],
  },
  {
    name: 'keys come',
    old: `${users});`,
    new: `${users}, primary key (id), constraint one_email unique nulls not distinct (email) include (name)
      with (fillfactor = 80), constraint one_name unique (name, id) deferrable initially deferred);`,
    seed,
    alone: [
      /UNIQUE INDEX CONCURRENTLY users_pkey/,
      /PRIMARY KEY USING INDEX users_pkey/,
      /UNIQUE USING INDEX one_name/,
    ],
  },
  {
    name: 'a primary key on columns that may be null',
    old: 'create table users (id bigint, email text, name text, boss bigint);',
    new: 'create table users (id bigint primary key, email text, name text, boss bigint);',
    seed,
    alone: [/CHECK \(id IS NOT NULL\) NOT VALID/, /PRIMARY KEY USING INDEX/],
  },
  {
    name: 'keys change',
    old: `${users}, constraint one unique (email), constraint two exclude using btree (name with =));`,
    new: `${users}, constraint one unique (email, id), constraint two unique (name));`,
    seed,
    alone: [/one_rebuilt/],
  },
  {
    name: 'a key that foreign keys lean on',
    old: `${users}); create table notes (id bigint primary key, by bigint, about text);`,
    new: `${users}, primary key (id), constraint one_email unique (email));
      create table notes (id bigint primary key, by bigint references users,
      about text references users (email));`,
    seed: `${seed} insert into notes values (1, 1, 'a'), (2, null, null);`,
    alone: [/notes_by_fkey[^;]*NOT VALID/, /VALIDATE CONSTRAINT notes_by_fkey/],
  },
  {
    name: 'a key that a foreign key leans on changes',
    old: `${users}, primary key (id)); create table notes (id bigint primary key,
      by bigint references users);`,
    new: `${users}, name2 text, primary key (id) include (email));
      create table notes (id bigint primary key, by bigint references users);`,
    seed: `${seed} insert into notes values (1, 1), (2, null);`,
    alone: [],
  },
  {
    name: 'foreign keys come, change and go',
    old:
      `${users}, primary key (id), constraint a foreign key (boss) references users, constraint` +
      ' b foreign key (boss) references users);',
    new: `${users}, primary key (id), constraint a foreign key (boss) references users on delete cascade,
      constraint c foreign key (boss) references users deferrable);`,
    seed,
    alone: [/DROP CONSTRAINT a, ADD CONSTRAINT a/, /VALIDATE CONSTRAINT a/, /VALIDATE CONSTRAINT c/],
  },
  {
    name: 'checks come, change and go',
    old: `${users}, constraint a check (id > 0), constraint b check (id <> 7));`,
    new: `${users}, constraint a check (id > 0 and id < 9), constraint c check (email <> '') no inherit);`,
    seed,
    alone: [/DROP CONSTRAINT a, ADD CONSTRAINT a/, /VALIDATE CONSTRAINT c/],
  },
  {
    name: 'constraints that were not validated are',
    old: `${users}, primary key (id)); alter table users add constraint a check (id > 0) not valid,
      add constraint b foreign key (boss) references users not valid;`,
    new:
      `${users}, primary key (id), constraint a check (id > 0), constraint b foreign key (boss)` +
      ' references users);',
    seed,
    alone: [/VALIDATE CONSTRAINT a/, /VALIDATE CONSTRAINT b/],
  },
  {
    name: 'not null comes and goes',
    old: `${users});`,
    new: `create table users (id bigint, email text not null, name text, boss bigint not null);`,
    seed,
    alone: [/CHECK \(email IS NOT NULL\) NOT VALID/, /ALTER COLUMN boss SET NOT NULL/],
  },
  {
    name: 'not null by a name of its own',
    old: `${users});`,
    new: `create table users (id bigint not null, email text constraint must not null, name text,
      boss bigint);`,
    seed,
    alone: [/email IS NOT NULL/],
    since: 18,
  },
  {
    name: 'on tables with heirs',
    old: `create table users (id bigint, email text); create table more (name text,
      boss bigint) inherits (users);`,
    new: `create table users (id bigint not null, email text, constraint c check (email <> ''));
      create table more (name text, boss bigint) inherits (users); create index by_email on more (email);`,
    seed: `insert into more values (1, 'a', 'x', 1); insert into users values (1, 'b');`,
    alone: [/CREATE INDEX CONCURRENTLY by_email/, /VALIDATE CONSTRAINT c/],
  },
  {
    name: 'on partitioned tables',
    old: `create table users (id bigint, email text, name text) partition by list (name);
      create table x partition of users for values in ('x'); create table y partition of users default;
      create table others (id bigint primary key);`,
    new: `create table users (id bigint not null, email text, name text, primary key (id, name),
      constraint c check (id > 0),
      foreign key (id) references others) partition by list (name);
      create index by_email on users (email);
      create table x partition of users for values in ('x'); create table y partition of users default;
      create index own on x (id); create table others (id bigint primary key);`,
    seed: `insert into others values (1), (2); insert into users values (1, 'a', 'x'), (2, 'b', 'y');`,
    alone: [/CREATE INDEX CONCURRENTLY x_email_idx/, /CREATE INDEX CONCURRENTLY own/, /CONCURRENTLY x_pkey/],
  },
  {
    name: 'with a partition that is new, too',
    old: `create table users (id bigint, email text, name text) partition by list (name);
      create table x partition of users for values in ('x');`,
    new: `create table users (id bigint, email text, name text, constraint one unique (id,
      name)) partition by list (name);
      create index by_email on users (email);
      create table x partition of users for values in ('x'); create table z partition of users for
      values in ('z');`,
    seed: `insert into users values (1, 'a', 'x');`,
    alone: [/CREATE INDEX CONCURRENTLY x_email_idx/, /UNIQUE INDEX CONCURRENTLY x_id_name_key/],
  },
  {
    name: 'a foreign key to a partitioned table',
    old: `create table users (id bigint primary key) partition by range (id);
      create table x partition of users for values from (0) to (9); create table notes (by bigint);`,
    new: `create table users (id bigint primary key) partition by range (id);
      create table x partition of users for values
      from (0) to (9); create table notes (by bigint references users);`,
    seed: 'insert into users values (1); insert into notes values (1), (null);',
    alone: [],
  },
  {
    name: 'on a table that becomes a partition',
    old: `create table users (id bigint not null, email text) partition by range (id); create index by_email
      on users (email);
      create table x (id bigint not null, email text);`,
    new: `create table users (id bigint not null, email text) partition by range (id); create index by_email
      on users (email);
      create table x partition of users for values from (0) to (9);`,
    seed: `insert into x values (1, 'a');`,
    alone: [/CREATE INDEX CONCURRENTLY x_email_idx/],
  },
  {
    name: 'on a materialized view',
    old: `${users}); create materialized view seen as select id, email from users;`,
    new: `${users}); create materialized view seen as select id, email from users; create unique index
      on seen (id);`,
    seed,
    alone: [/CREATE UNIQUE INDEX CONCURRENTLY seen_id_idx/],
  },
  {
    name: 'on a table that is made anew, and one with a replica identity',
    old: `create table parts (id bigint, email text) partition by range (id); ${users}); create unique index
      ids on users (id);`,
    new: `create table parts (id bigint, email text) partition by range (email); create index
      on parts (email); ${users});
      create unique index ids on users (id); create unique index wide on users (id) include (email);
      alter table users replica identity using index wide;`,
    seed,
    alone: [/CONCURRENTLY wide/],
  },
  {
    name: 'with new labels in the same plan',
    old: `create type mood as enum ('sad'); ${users});`,
    new: `create type mood as enum ('sad', 'glad'); ${users}, mood mood default 'glad'); create index by_mood on users (mood);
      alter table users add constraint c check (mood <> 'sad');`,
    seed,
    alone: [/ADD VALUE/, /CONCURRENTLY by_mood/, /VALIDATE CONSTRAINT c/],
  },
];
