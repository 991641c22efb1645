CREATE SCHEMA "S s";
CREATE TYPE "S s"."T""t" AS ENUM ('a');
CREATE FUNCTION "S s"."F f"("X x" "S s"."T""t", "select" integer DEFAULT 1) RETURNS "S s"."T""t" LANGUAGE sql AS $$ SELECT $1 $$;
