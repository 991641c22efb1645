create domain d as text;
create table a (id int, b d collate "C");
