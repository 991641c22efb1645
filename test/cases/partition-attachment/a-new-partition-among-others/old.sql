create table events (id bigint not null, at timestamptz not null, kind text default 'x' not null, n int check (n > 0), primary key (id, at)) partition by range (at);
create index events_kind on events (kind);
create unique index events_u on events (kind, at);
create table e25 partition of events for values from ('2025-01-01') to ('2026-01-01');
