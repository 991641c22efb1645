create role seller;
create role buyer;
create table goods (id int, price int);
grant select on goods to seller;
grant update (price) on goods to buyer;
alter table goods owner to buyer;
create function price() returns int language sql as 'select 1';
grant execute on function price() to buyer with grant option;
alter function price() owner to buyer;
