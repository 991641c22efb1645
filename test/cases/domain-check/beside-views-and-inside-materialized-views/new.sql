create domain amount as int check (value > 0);
create domain price as int check (value > 0);
create table bills (id int primary key, total int);
create materialized view sums as select id, array[total::amount] as totals from bills;
create view prices as select id, array[total::price] as prices from bills;
create materialized view listed as select id from prices;
