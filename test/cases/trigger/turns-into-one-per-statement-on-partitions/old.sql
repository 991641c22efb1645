create table p (id integer, k integer) partition by range (id);
create table p1 partition of p for values from (1) to (10) partition by list (k);
create table p11 partition of p1 for values in (1);
create function tf() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger g before insert on p for each row execute function tf();
create trigger h after update on p for each row execute function tf();
alter table p disable trigger h;
alter table only p11 enable trigger h;
