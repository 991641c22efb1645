CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($1, 0) + $2 $$;
CREATE FUNCTION done(integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text $$;
CREATE FUNCTION sub(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT $1 - $2 $$;
CREATE AGGREGATE total(integer) (SFUNC = add, STYPE = integer, SSPACE = 16, FINALFUNC = done, FINALFUNC_MODIFY = READ_WRITE, COMBINEFUNC = add,
  INITCOND = '0', MSFUNC = add, MINVFUNC = sub, MSTYPE = integer, MSSPACE = 8, MFINALFUNC = done, MINITCOND = '0', PARALLEL = SAFE);
CREATE AGGREGATE least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);
CREATE AGGREGATE count_all(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
