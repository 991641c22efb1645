CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $body$
BEGIN	-- a tab, 'quotes', $$ and a trailing space 
  RETURN x /* ö */ + '1'::integer;
END
$body$;
