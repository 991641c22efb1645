create type level as enum ('low', 'high');
create table events (at level not null default 'low');
