create domain amount as int;
alter domain amount add constraint positive check (value > 0) not valid;
create table bills (id int primary key, amounts amount[]);
