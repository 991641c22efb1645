create table comes (id int primary key, v text);
create table goes (id int not null);
create table waits (id int primary key deferrable initially deferred);
create table includes (id int, v text, constraint includes_pkey primary key (id) include (v));
