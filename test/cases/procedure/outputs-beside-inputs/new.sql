CREATE PROCEDURE p(a integer, b integer) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE PROCEDURE p(a integer, OUT b integer) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
COMMENT ON PROCEDURE p(IN integer) IS 'one in, one out';
