create schema app;
create table app.orders (id int primary key, placed date);
create table customers (id int primary key, name varchar(10), "Age" bigint);
create table parent (id int primary key);
create table heir () inherits (parent);
create publication p for table app.orders, customers ("Age", id) where ("Age" > 21), parent with (publish = 'insert');
create publication q for table app.orders (placed, id) where (placed > '2000-01-01');
