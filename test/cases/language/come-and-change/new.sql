CREATE FUNCTION handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION inline(internal) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE TRUSTED LANGUAGE one HANDLER handler INLINE inline;
CREATE LANGUAGE two HANDLER handler;
CREATE FUNCTION f() RETURNS integer LANGUAGE two AS $$ BEGIN RETURN 1; END $$;
COMMENT ON LANGUAGE two IS 'second';
