create table base (id integer constraint base_id not null no inherit, name text constraint other_name not null no inherit);
create table part () inherits (base);
alter table part add constraint part_name not null name;
