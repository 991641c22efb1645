create type celsius as (degrees int);
create type kelvin as (degrees int);
create function heat(celsius) returns kelvin language sql immutable as 'select row($1.degrees + 273)::public.kelvin';
create cast (celsius as kelvin) with function heat;
create table readings (id int primary key, value celsius);
create view hot as select id, value::kelvin as value from readings;
