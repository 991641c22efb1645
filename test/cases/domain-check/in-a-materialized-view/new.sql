create domain amount as int check (value > 0);
create table bills (id int primary key, total int);
create materialized view sums as select id, total::amount as total from bills;
