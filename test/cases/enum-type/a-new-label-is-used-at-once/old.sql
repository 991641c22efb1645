create type level as enum ('low');
create table events (at level);
