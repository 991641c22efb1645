create type t as (a int, e text);
create type u as (a int, e text);
create table x of t;
