create schema app;
create table app.orders (id int primary key, placed date, note text);
create table customers (id int primary key, name varchar(10), "Age" int);
create table parent (id int primary key);
create table heir () inherits (parent);
create publication p for table app.orders (id, note) where (id > 0), customers where ("Age" > 18), only parent with (publish = 'insert');
