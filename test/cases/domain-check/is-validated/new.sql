create domain amount as int constraint positive check (value > 0);
create table orders (amount amount);
comment on constraint positive on domain amount is 'no refunds';
