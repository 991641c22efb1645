create domain counter as integer check (value > 0);
create type numbers as enum ('one', 'two');
