create foreign data wrapper plain;
create server one foreign data wrapper plain;
create foreign table far (a numeric) server one;
create table near () inherits (far);
