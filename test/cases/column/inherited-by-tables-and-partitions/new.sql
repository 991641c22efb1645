create table base (id bigint not null, name text not null check (name <> 'x'), added text default 'd');
create table heir (extra int) inherits (base);
create table grandchild (own int default 3) inherits (heir);
alter table heir alter column added set default 'other';
create table p (id int, v bigint, w text not null default 'w', constraint v_positive check (v > 0)) partition by hash (id);
create table p0 partition of p for values with (modulus 2, remainder 0);
create table p1 partition of p for values with (modulus 2, remainder 1);
alter table p1 alter column w set storage external;
comment on column p0.w is 'on a partition only';
