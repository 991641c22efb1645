create schema registry;
create type registry.level as enum ('1', '2');
create table t (a integer);
