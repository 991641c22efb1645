create type a as (x int, y text);
create type b as (x int, y text, z int);
create table becomes of a;
create table ceases (x int, y text, w int);
create table changes of b;
