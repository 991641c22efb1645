// Schemas in which something is renamed, with rows that must survive it.

/** One of them. */
export interface Walk {
  readonly of: string;
  readonly old: string;
  readonly new: string;
  readonly rename?: readonly string[];
  /** The name of its migration, as a pattern. */
  readonly named: string;
  readonly seed: string;
  /** The rows afterwards, and the same before. */
  readonly rows: readonly [after: string, before: string];
  /** What the migration says, besides renames; default: nothing. */
  readonly also?: RegExp;
}

/** All of them. */
export const walks: readonly Walk[] = [
  {
    of: 'a column, with all that names it',
    named: 'rename_column_users_name_to_full_name',
    old: `create table users (id serial primary key, name text not null default 'x' unique check (name <> ''),
      other int,
        generated text generated always as (upper(name)) stored);
      create index users_lower on users (lower(name)) where name is not null;
      create view names as select name, other from users where name like 'a%';
      create materialized view kept as select name as n from users;
      create function greet() returns text language sql stable begin atomic select name as n from users; end;
      create policy own on users using (name = current_user); alter table users enable row level security;
      comment on column users.name is 'the name'; grant select (name) on users to public;`,
    new: `create table users (id serial primary key, full_name text not null default 'x' unique check
      (full_name <> ''),
        other int, generated text generated always as (upper(full_name)) stored);
      create index users_lower on users (lower(full_name)) where full_name is not null;
      create view names as select full_name, other from users where full_name like 'a%';
      create materialized view kept as select full_name as n from users;
      create function greet() returns text language sql stable begin atomic select full_name as n
      from users; end;
      create policy own on users using (full_name = current_user); alter table users enable row level
      security;
      comment on column users.full_name is 'the name'; grant select (full_name) on users to public;`,
    rename: ['users.name=full_name'],
    seed: `insert into users (name, other) values ('ann', 1), ('bob', 2)`,
    rows: ['select full_name as v from users order by 1', 'select name as v from users order by 1'],
  },
  {
    of: 'a table with a serial key, and its columns, by comments',
    named: 'rename_table_users_to_people',
    old: `create table users (id serial primary key, name varchar(50) not null, "Old Label" int unique);
      create table orders (id bigint primary key, user_id int references users (id));`,
    new: `-- pgmage:renamed from users
      create table people (id serial primary key,
        -- pgmage:renamed from name
        full_name varchar(50) not null,
        label int unique -- pgmage:renamed from "Old Label"
      );
      create table orders (id bigint primary key,
        /* pgmage:renamed from user_id */ person_id int references people (id));`,
    seed: `insert into users (name, "Old Label") values ('ann', 1); insert into orders values (7, 1)`,
    rows: [
      `select id || full_name || label || (select person_id from orders) || nextval('people_id_seq') as v
        from people`,
      `select id || name || "Old Label" || (select user_id from orders) || '2' as v from users`,
    ],
  },
  {
    of: 'a table and a column by its former and by its new table',
    named: 'rename_table_a_to_b',
    old: 'create table a (id bigint generated always as identity primary key, x int, y int);',
    new: 'create table b (id bigint generated always as identity primary key, x2 int, y2 int);',
    rename: ['a=b', 'a.x=x2', 'b.y=y2'],
    seed: 'insert into a (x, y) values (1, 2)',
    rows: [`select id || '-' || x2 || y2 as v from b`, `select id || '-' || x || y as v from a`],
  },
  {
    of: 'labels of an enum',
    named: 'rename_type_mood_sad_to_unhappy',
    old: `create type mood as enum ('sad', 'ok'); create table t (m mood default 'sad'); create view v as
      select m = 'sad' as is_sad from t;`,
    new: `create type mood as enum (
        'unhappy', -- pgmage:renamed from sad
        'fine'
      ); create table t (m mood default 'unhappy'); create view v as select m = 'unhappy' as is_sad from t;`,
    rename: ['mood.ok=fine'],
    seed: `insert into t values ('sad'), ('ok')`,
    rows: ['select m::text as v from t order by m', `select m::text as v from t order by m`],
  },
  {
    of: 'a column of a partitioned table, and a partition',
    named: 'rename_table_log_2024_to_journal_2024',
    old: `create table log (at date not null, msg text) partition by range (at);
      create table log_2024 partition of log for values from ('2024-01-01') to ('2025-01-01');
      create index log_msg on log (msg);`,
    new: `create table log (happened date not null, msg text) partition by range (happened);
      create table journal_2024 partition of log for values from ('2024-01-01') to ('2025-01-01');
      create index log_msg on log (msg);`,
    rename: ['log.at=happened', 'log_2024=journal_2024'],
    seed: `insert into log values ('2024-05-05', 'a')`,
    rows: ['select happened::text as v from journal_2024', 'select at::text as v from log_2024'],
  },
  {
    of: 'a schema with all that is in it',
    named: 'rename_schema_app_to_core',
    old: `create schema app; create type app.kind as enum ('a'); create table app.t (id serial primary key,
      k app.kind);
      create view app.v as select * from app.t; create function app.f(app.kind) returns int language sql
      as 'select 1';`,
    new: `create schema core; create type core.kind as enum ('a'); create table core.t (id serial primary key,
      k core.kind);
      create view core.v as select * from core.t; create function core.f(core.kind) returns int language sql
      as 'select 1';`,
    rename: ['schema:app=core'],
    seed: `insert into app.t (k) values ('a')`,
    rows: ['select k::text as v from core.t', 'select k::text as v from app.t'],
  },
  {
    of: 'objects of many kinds',
    named: 'rename_',
    old: `create table t (a int constraint c1 check (a > 0), b int, constraint u1 unique (a),
      constraint k1 foreign key (b) references t (a));
      create index i1 on t (b); create view v1 as select a as x from t; create materialized view m1 as
      select a from t;
      create sequence s1; create domain d1 as int constraint dc1 check (value > 1); create type y1 as (p int);
      create function f1(int) returns int language sql as 'select 1'; create procedure p1() language sql
      as 'select 1';
      create function tf() returns trigger language plpgsql as 'begin return new; end';
      create trigger g1 before insert on t for each row execute function tf();
      create policy o1 on t using (a > 1); create rule r1 as on delete to t do nothing;
      create statistics z1 on a, b from t; create collation l1 (locale = 'C'); create table h (d d1, y y1);`,
    new: `create table t (a int constraint c2 check (a > 0), b int, constraint u2 unique (a),
      constraint k2 foreign key (b) references t (a));
      create index i2 on t (b); create view v2 as select a as w from t; create materialized view m2 as
      select a from t;
      create sequence s2; create domain d2 as int constraint dc2 check (value > 1); create type y2 as (q int);
      create function f2(int) returns int language sql as 'select 1'; create procedure p2() language sql
      as 'select 1';
      create function tf() returns trigger language plpgsql as 'begin return new; end';
      create trigger g2 before insert on t for each row execute function tf();
      create policy o2 on t using (a > 1); create rule r2 as on delete to t do nothing;
      create statistics z2 on a, b from t; create collation l2 (locale = 'C'); create table h (d d2, y y2);`,
    rename: [
      ...[
        't.c1=c2',
        'u1=u2',
        'k1=k2',
        'i1=i2',
        'v1=v2',
        'v1.x=w',
        'm1=m2',
        's1=s2',
        'd1=d2',
        'd1.dc1=dc2',
        'y1=y2',
      ],
      ...['y1.p=q', 'f1=f2', 'p1=p2', 'trigger:g1=g2', 'o1=o2', 'r1=r2', 'z1=z2', 'l1=l2'],
    ],
    seed: `insert into t values (1, 1); insert into h values (2, row(3)); select nextval('s1')`,
    rows: [
      `select a || d::text || (y).q || nextval('s2') as v from t, h`,
      `select a || d::text || (y).p || '2' as v from t, h`,
    ],
  },
  {
    of: 'a column that changes its type besides',
    named: 'rename_column_t_a_to_c',
    old: 'create table t (a int, b text);',
    new: 'create table t (c bigint not null, b text);',
    rename: ['t.a=c'],
    seed: 'insert into t values (5)',
    rows: ['select c::text as v from t', 'select a::text as v from t'],
    also: /TYPE bigint|SET NOT NULL/,
  },
  {
    of: 'tables whose checks and NOT NULLs are inherited',
    old: `create table logs (id int primary key, at date not null, check (id > 0)) partition by range (id);
      create table low partition of logs for values from (0) to (100);
      create table base (a int not null check (a > 0));
      create table heir () inherits (base);`,
    new: `-- pgmage:renamed from logs
      create table events (id int primary key, at date not null, check (id > 0)) partition by range (id);
      create table low partition of events for values from (0) to (100);
      -- pgmage:renamed from base
      create table root (a int not null check (a > 0));
      create table heir () inherits (root);`,
    seed: `insert into logs values (1, '2024-01-01'); insert into heir values (2)`,
    named: 'rename_table_base_to_root',
    rows: ['select id as v from events, root', 'select id as v from logs, base'],
  },
];
