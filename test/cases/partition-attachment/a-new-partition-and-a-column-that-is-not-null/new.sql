create table events (id bigint not null, at timestamptz not null, kind text not null, primary key (id, at)) partition by range (at);
create table e25 partition of events for values from ('2025-01-01') to ('2026-01-01');
create table e26 partition of events for values from ('2026-01-01') to ('2027-01-01');
