create type size as enum ('small', 'large');
create table shirts (id int primary key, size size default 'small');
create function next_size(from_size size default 'large') returns size language sql as 'select from_size';
create procedure resize(from_size size default 'large') language sql as 'select 1';
create view usual as select 'large'::size as size;
