create table a (id bigint not null, constraint a_key unique (id)) partition by range (id);
create table a_rest partition of a default;
create table b (id bigint not null, constraint b_key primary key (id));
alter table b add constraint reference foreign key (id) references a (id) not valid;
create view v as select id from b;
