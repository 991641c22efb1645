create domain needed as int not null;
create table t (a int);
