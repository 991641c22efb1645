create type spot as (x int, y text);
create type stretch as (a spot, b spot);
create domain place as spot;
create table lines (id int primary key, stretch stretch, points spot[], place place);
