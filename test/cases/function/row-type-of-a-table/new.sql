CREATE TABLE t (id integer, a integer, b text);
CREATE FUNCTION all_t() RETURNS SETOF t LANGUAGE sql AS $$ SELECT * FROM t $$;
CREATE FUNCTION one(t) RETURNS integer LANGUAGE sql AS $$ SELECT ($1).a $$;
