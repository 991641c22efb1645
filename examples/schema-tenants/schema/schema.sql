CREATE SCHEMA extensions;
CREATE EXTENSION citext SCHEMA extensions;

CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email extensions.citext NOT NULL UNIQUE
);

CREATE FUNCTION find_customer(mail text) RETURNS SETOF public.customers
  LANGUAGE sql STABLE
  AS 'SELECT * FROM public.customers WHERE email OPERATOR(extensions.=) mail::extensions.citext';
