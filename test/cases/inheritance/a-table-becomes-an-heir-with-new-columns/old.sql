create table base (id integer);
create table heir (id integer, own text);
