create type celsius as (degrees bigint);
create type kelvin as (degrees int);
create function heat(celsius) returns kelvin language sql immutable as 'select row($1.degrees + 273)::public.kelvin';
create cast (celsius as kelvin) with function heat as assignment;
create table readings (id int primary key, value celsius, warm kelvin generated always as (value::kelvin) stored);
create index readings_warm on readings (((value::kelvin).degrees));
create view hot as select id, value::kelvin as value, warm from readings;
