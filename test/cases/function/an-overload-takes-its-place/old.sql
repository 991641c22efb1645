create function price(amount int) returns int language sql immutable as 'select amount';
create function rate(amount bigint) returns int language sql immutable as 'select amount::int';
create table items (id int primary key, net int, gross int generated always as (price(net)) stored);
create table taxes (net int, tax int generated always as (rate(net)) stored);
create view priced as select id, price(net) as price from items;
create function dear() returns bigint language sql begin atomic select count(*) from items where price(net) > 9; end;
