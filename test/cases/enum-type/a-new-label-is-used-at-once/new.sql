create type level as enum ('low', 'high');
create table events (at level default 'high', check (at <> 'high'));
