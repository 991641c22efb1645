create role seller;
create role buyer;
create table goods (id int, price int);
grant select on goods to seller with grant option;
alter table goods owner to seller;
create function price() returns int language sql as 'select 1';
alter function price() owner to seller;
