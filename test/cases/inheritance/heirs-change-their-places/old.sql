create table base (id integer, note text not null default 'none', check (note <> ''));
create table middle (size integer) inherits (base);
create table last (own integer) inherits (middle);
