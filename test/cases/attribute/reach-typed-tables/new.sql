create type person as (id bigint, name text, note varchar(20), mail text);
create table people of person (primary key (id), name not null default 'nobody', mail default 'none');
create table others of person;
create view names as select name, mail from people;
