create schema "my, ""schema""";
do $$ begin
  execute format('alter database %I set search_path = "$user", public', current_database());
  execute format('alter database %I set default_text_search_config = %L', current_database(), 'pg_catalog.simple');
  execute format('alter database %I set temp_tablespaces = ''''', current_database());
end $$;
