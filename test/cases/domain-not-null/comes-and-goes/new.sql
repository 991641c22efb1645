create domain a as int;
create domain b as int not null;
create table t (a a, b b);
