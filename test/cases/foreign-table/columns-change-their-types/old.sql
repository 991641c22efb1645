create foreign data wrapper plain;
create server one foreign data wrapper plain;
create type mood as enum ('sad', 'ok');
create type pair as (a int, b text);
create foreign table far (id text, note text, felt mood, pair pair) server one;
create view names as select id, felt from far;
