create domain word as text collate "C";
create table words (word word primary key);
