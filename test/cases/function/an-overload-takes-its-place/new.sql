create function price(amount int, pieces int default 1) returns int language sql immutable as 'select amount * pieces';
create function rate(amount anyelement) returns anyelement language sql immutable as 'select amount';
create table items (id int primary key, net int, gross int generated always as (price(net)) stored);
create table taxes (net int, tax int generated always as (rate(net)) stored);
create view priced as select id, price(net) as price, net from items;
create function dear() returns bigint language sql begin atomic select count(*) from items where price(net) > 10; end;
