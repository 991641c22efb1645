create type colour as enum ('red');
create table things (id int, name text);
create type "Pair" as (first things, "Second" things[], colour colour);
create type pairs as (a "Pair", word varchar(10) collate "C");
create type empty as ();
create function swapped("Pair") returns "Pair" language sql as $$ select $1 $$;
create table holders (pairs pairs);
