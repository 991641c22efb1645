create table t (a text, b text, constraint d check (b <> ' NOT VALID'));
alter table t add constraint c check (a <> ' NOT VALID') not valid;
create domain n as text constraint c check (value <> ' NOT VALID');
alter domain n add constraint d check (value <> ' NOT VALID') not valid;

