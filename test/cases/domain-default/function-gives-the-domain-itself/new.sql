create domain key as text;
create function next_key() returns key language sql as $$ select 'k'::key $$;
alter domain key set default next_key();
create table things (key key default next_key(), other key);
