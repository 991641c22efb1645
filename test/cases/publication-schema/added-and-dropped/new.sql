create schema "B";
create table t (id int);
create publication p for tables in schema "B", table t;
create publication q for table t, tables in schema public;
