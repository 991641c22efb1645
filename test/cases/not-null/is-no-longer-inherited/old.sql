create table base (id integer constraint base_id not null, name text constraint base_name not null);
create table part () inherits (base);
