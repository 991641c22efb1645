create table base (a integer constraint base_a not null, b text default 'x');
create table other (id integer primary key) inherits (base);
create table heir (constraint heir_a not null a, constraint filled not null b) inherits (base);
