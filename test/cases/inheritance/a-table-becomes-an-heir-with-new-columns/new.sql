create table base (id integer, size integer not null default 3, note text not null default 'none');
create table heir (own text) inherits (base);
