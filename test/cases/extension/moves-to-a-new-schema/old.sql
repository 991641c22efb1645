create extension citext;
create domain mail as citext check (value ~ '@');
create table people (name citext default 'x' check (name <> ''), names citext[], mail mail);
create index people_name on people (lower(name));
create view named as select name from people where name = 'a';
create function greet(name citext default 'you') returns citext language sql immutable as 'select name';
