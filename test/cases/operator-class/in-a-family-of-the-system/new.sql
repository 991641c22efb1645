CREATE FUNCTION cmp(integer, numeric) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT numeric_cmp($1::numeric, $2) $$;
CREATE OPERATOR CLASS other FOR TYPE text USING btree FAMILY integer_ops AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 bttextcmp(text, text);
