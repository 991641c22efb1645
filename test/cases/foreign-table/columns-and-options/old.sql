create foreign data wrapper plain;
create server one foreign data wrapper plain;
create server two foreign data wrapper plain;
create foreign table kept (id int not null, name varchar(10)) server one options (file 'a', "Odd" 'x');
create foreign table moved (id int, name text) server one options (file 'a');
create view names as select name from moved;
create table plain_parent (id int, at date);
