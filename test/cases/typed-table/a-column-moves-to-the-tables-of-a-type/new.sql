create type t as (a int);
create table x (a int, e text);
create table y of t;
