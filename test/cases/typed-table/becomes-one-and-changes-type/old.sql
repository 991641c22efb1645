create type a as (x int, y text);
create type b as (x int, y text, z int);
create table becomes (x int, y text);
create table ceases of a;
create table changes of a;
