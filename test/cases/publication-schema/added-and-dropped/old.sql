create schema a;
create schema "B";
create table t (id int);
create publication p for tables in schema a;
create publication q for table t;
