create type t as (a int, e text);
create table x of t;
create table y of t;
