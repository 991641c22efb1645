create table p (id bigint, a int not null, e int not null default 4);
create table c (own bigint, more int) inherits (p);
