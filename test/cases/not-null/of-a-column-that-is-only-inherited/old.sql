create table base (a integer constraint base_a not null, b text);
create table other (id integer primary key) inherits (base);
