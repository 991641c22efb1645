create foreign data wrapper plain;
create server one foreign data wrapper plain;
create type mood as enum ('ok');
create type pair as (b text, a int);
create foreign table far (id int, note jsonb, felt mood, pair pair) server one;
create view names as select id, felt from far;
