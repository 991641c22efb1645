create table base (id integer, note text);
alter table base alter note set statistics 300;
alter table base alter note set storage external;
alter table base alter note set (n_distinct = 7);
