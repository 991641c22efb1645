create schema "Types";
create domain "Types"."Post code" as varchar(8)[] collate "C" not null default '{}' check (cardinality(value) < 3);
