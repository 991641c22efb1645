create domain size as text check (value in ('small', 'large'));
create table shirts (id int primary key, size size default 'small');
create function next_size(from_size size default 'small') returns size language sql as 'select from_size';
create procedure resize(from_size size default 'small') language sql as 'select 1';
create view usual as select 'small'::size as size;
