create type level as enum ('none', 'low', 'middle', 'upper middle', 'high', 'it''s "max"');
create table events (at level not null default 'low');
