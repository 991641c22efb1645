create collation order_of_names (provider = icu, locale = 'de');
create domain name_of as text collate order_of_names;
create type named as (name text collate order_of_names);
create table people (name text collate order_of_names primary key, other name_of, named named);
create index on people (other collate order_of_names);
create view names as select name from people order by name collate order_of_names;
comment on collation order_of_names is 'as in the phone book';
