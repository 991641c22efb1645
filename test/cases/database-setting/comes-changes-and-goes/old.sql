do $$ begin
  execute format('alter database %I set work_mem = %L', current_database(), '8MB');
  execute format('alter database %I set statement_timeout = %L', current_database(), '5min');
  execute format('alter database %I set timezone = %L', current_database(), 'UTC');
end $$;
create table t (id int);
