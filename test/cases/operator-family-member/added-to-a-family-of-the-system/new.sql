CREATE FUNCTION cmp(integer, numeric) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT numeric_cmp($1::numeric, $2) $$;
ALTER OPERATOR FAMILY integer_ops USING btree ADD FUNCTION 1 (integer, numeric) cmp(integer, numeric);
