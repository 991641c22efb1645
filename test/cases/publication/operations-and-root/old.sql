create table t (id int primary key);
create publication all_of_it for all tables;
create publication part for table t with (publish = 'insert, delete');
create publication nothing with (publish_via_partition_root = true);
comment on publication part is 'Not all';
