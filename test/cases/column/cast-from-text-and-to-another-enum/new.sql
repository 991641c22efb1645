create type mood as enum ('sad', 'glad');
create type feeling as enum ('sad', 'glad', 'calm');
create table t (id int primary key, a mood, b feeling default 'calm');
