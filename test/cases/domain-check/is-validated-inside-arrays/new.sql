create domain amount as int constraint positive check (value > 0);
create table bills (id int primary key, amounts amount[]);
