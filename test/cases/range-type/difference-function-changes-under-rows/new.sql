create function gap(float8, float8) returns float8 language sql immutable as $$ select $1 - $2 $$;
create type span as range (subtype = float8, subtype_diff = gap);
create table spans (span span);
create index on spans using gist (span);
