create function pick() returns int language plpgsql as 'begin return 1; end';
create function same() returns int language plpgsql stable as 'begin
 -- IMMUTABLE
 return 1; end';
create domain positive as int check (value > 0);
create domain small as positive;
create table filled (a int, b uuid default gen_random_uuid());
