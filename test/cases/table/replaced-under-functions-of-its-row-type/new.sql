create table t (id int, a int);
create function f(t) returns int language sql immutable as 'select $1.a';
create function g() returns setof t language sql stable as 'select * from t';