create domain amount as int;
alter domain amount add constraint positive check (value > 0) not valid;
create table orders (amount amount);
comment on constraint positive on domain amount is 'no refunds';
