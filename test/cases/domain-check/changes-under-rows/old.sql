create domain amount as int constraint positive check (value > 0) constraint small check (value < 100) check (value <> 50);
create table orders (amount amount);
