create domain code as int check (value > 0);
create table u (d code);