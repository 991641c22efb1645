create table t (id int primary key);
create publication all_of_it for table t;
create publication part for table t with (publish = 'update', publish_via_partition_root = true);
create publication nothing with (publish = '');
create publication "Fresh One" for all tables with (publish = 'truncate');
comment on publication part is 'Not all';
