create domain d as varchar(9);
create table a (id int, b d collate "POSIX", c int);
