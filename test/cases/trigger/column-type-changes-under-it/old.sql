create table t (id int primary key, v int);
create function note() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger noted before update of v on t for each row when (old.v is distinct from new.v) execute function note();
