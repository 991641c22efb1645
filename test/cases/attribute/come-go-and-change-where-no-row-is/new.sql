create type spot as (x bigint, label text collate "C", z varchar(4));
comment on column spot.x is 'to the right';
comment on column spot.z is 'up';
create function length(spot) returns int language sql as $$ select 1 $$;
create view zero as select (row(0, '', '')::spot).x;
