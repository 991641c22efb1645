CREATE FUNCTION step(state integer[], VARIADIC v integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$ SELECT state || v $$;
CREATE FUNCTION st(s integer[], a integer) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$ SELECT s || a $$;
CREATE FUNCTION fin(s integer[], p integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT s[p] $$;
CREATE AGGREGATE nth(p integer ORDER BY a integer) (SFUNC = st, STYPE = integer[], FINALFUNC = fin);
CREATE AGGREGATE firsts(ORDER BY a integer) (SFUNC = st, STYPE = integer[]);
CREATE AGGREGATE collected(VARIADIC v integer[]) (SFUNC = step, STYPE = integer[]);
CREATE AGGREGATE place(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
COMMENT ON AGGREGATE nth(integer ORDER BY integer) IS 'nth';
COMMENT ON AGGREGATE place(VARIADIC "any" ORDER BY VARIADIC "any") IS 'rank';
