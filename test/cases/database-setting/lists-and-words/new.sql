create schema "my, ""schema""";
create schema "$$ 100% $_0$";
do $do$ begin
  execute format('alter database %I set search_path = public, "my, ""schema""", "$$ 100%% $_0$"', current_database());
  execute format('alter database %I set default_text_search_config = %L', current_database(), 'english');
  execute format('alter database %I set lc_messages = %L', current_database(), 'C');
end $do$;
