create table a (id bigint not null, constraint a_key unique (id));
create table b (id bigint not null, constraint b_key primary key (id)) partition by range (id);
create table b_rest partition of b default;
alter table b add constraint reference foreign key (id) references a (id);
create view v as select id from a;
