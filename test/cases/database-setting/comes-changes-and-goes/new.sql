do $$ begin
  execute format('alter database %I set work_mem = %L', current_database(), '64MB');
  execute format('alter database %I set timezone = %L', current_database(), 'UTC');
  execute format('alter database %I set enable_seqscan = off', current_database());
end $$;
create table t (id int);
