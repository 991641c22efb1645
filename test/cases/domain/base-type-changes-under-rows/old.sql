create domain amount as int not null default 1 constraint positive check (value > 0);
create domain small_amount as amount check (value < 10);
create table orders (id int primary key, amount amount, small small_amount[], total int generated always as (amount + 1) stored);
create index on orders (amount);
create view amounts as select amount from orders;
comment on domain amount is 'never negative';
