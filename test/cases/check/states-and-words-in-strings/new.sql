create table t (a text, b text, constraint c check (a <> ' NOT VALID'), constraint d check (b <> ' NOT VALID') no inherit not valid);
create domain n as text;
alter domain n add constraint c check (value <> ' NOT VALID') not valid;
alter domain n add constraint d check (value <> ' NOT VALID');
