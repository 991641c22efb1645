create type t as (a int);
create type u as (a int, e text);
create table x of u;
