create domain word as text;
create table words (word word primary key);
