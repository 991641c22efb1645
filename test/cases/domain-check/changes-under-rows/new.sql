create domain amount as int constraint positive check (value >= 0) constraint "Not odd" check (value % 2 = 0);
create table orders (amount amount);
