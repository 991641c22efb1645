create foreign data wrapper plain;
create server one foreign data wrapper plain;
create foreign table far (a integer) server one;
create table near () inherits (far);
