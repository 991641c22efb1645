create type spot as (x int, y int, label text);
comment on column spot.x is 'to the right';
create function length(spot) returns int language sql as $$ select 1 $$;
create view zero as select (row(0, 0, '')::spot).*;
