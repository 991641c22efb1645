create table comes (id int not null, v text);
create table goes (id int primary key);
create table waits (id int primary key);
create table includes (id int primary key, v text);
