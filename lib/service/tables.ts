// The tables of the service beside those of the queue. They hold no passwords and no keys.

/**
 * Makes the tables where they are missing; by `Store.prepare`, so that one process at a time does. Each event
 * increases two counters: `jobs.last_seq`, so that the events of a job have no holes, and `counter.last`,
 * whose row lock makes the order of commits that of the numbers.
 */
export const serviceTables = `
create schema if not exists service;

create table if not exists service.jobs (
  id uuid primary key,
  number bigint generated always as identity,
  kind text not null,
  state text not null,
  parameters jsonb not null,
  digest text not null,
  reads text,
  writes text,
  read_name text,
  write_name text,
  lane text not null,
  queue_id uuid,
  tries int not null default 0,
  retry_lost boolean not null default false,
  owner uuid,
  lease_until timestamptz,
  commit_xid text,
  cancel_asked boolean not null default false,
  cancel_too_late boolean not null default false,
  progress jsonb,
  doing text,
  result jsonb,
  problem jsonb,
  target text,
  requested_by text not null,
  retry_of uuid,
  agreed jsonb,
  last_seq int not null default 0,
  created_at timestamptz not null default pg_catalog.now(),
  start_after timestamptz not null default pg_catalog.now(),
  started_at timestamptz,
  ended_at timestamptz
);
alter table service.jobs add column if not exists worker text;
-- Names of processes: the owner, the worker that runs it for the owner, and the one that lost it before.
alter table service.jobs add column if not exists owner_name text;
alter table service.jobs add column if not exists worker_name text;
alter table service.jobs add column if not exists lost_by text;
create index if not exists jobs_by_number on service.jobs (number desc);
create index if not exists jobs_open on service.jobs (state)
  where state in ('waiting', 'running', 'cancelling', 'lost');

create table if not exists service.counter (one boolean primary key check (one), last bigint not null);
insert into service.counter values (true, 0) on conflict do nothing;

create table if not exists service.installation (
  one boolean primary key default true check (one),
  id uuid not null
);

create table if not exists service.events (
  number bigint primary key,
  job uuid not null references service.jobs on delete cascade,
  seq int not null,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  type text not null,
  data jsonb not null,
  unique (job, seq)
);

create table if not exists service.plans (
  id uuid primary key,
  digest text not null,
  requested_by text not null,
  agreed jsonb not null,
  expires_at timestamptz not null
);

create table if not exists service.requests (
  requested_by text not null,
  key text not null,
  digest text not null,
  job uuid not null references service.jobs on delete cascade,
  at timestamptz not null default pg_catalog.now(),
  primary key (requested_by, key)
);

-- definition: null where the configuration has it.
create table if not exists service.schedules (
  name text primary key,
  definition jsonb,
  paused boolean not null default false,
  since timestamptz not null default pg_catalog.now(),
  last_slot timestamptz,
  last_job uuid,
  last_problem jsonb,
  warned_at timestamptz
);

-- The folders of backups that are nearly full, as was told.
create table if not exists service.storage_warnings (name text primary key);

create table if not exists service.notices (
  id bigint generated always as identity primary key,
  channel text not null,
  data jsonb not null,
  tries int not null default 0,
  due_at timestamptz not null default pg_catalog.now()
);`;
