create type mood as enum ('sad', 'glad');
create table t (id int primary key, a text, b mood default 'sad');
