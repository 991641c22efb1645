DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE TABLE public.t (id integer);
