create type person as (id int, name text, note text, age int);
create table people of person (primary key (id), name not null default 'nobody');
create table others of person;
create view names as select name, age from people;
