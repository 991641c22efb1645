-- Migration: 20261129202115498_shop
-- From: 70e4f3a8e188aadae91bd06b72abbdd9
-- To: d1e1ed852f4fa5e6dc6cf09dbca229ec
-- Reader: pgmage 0.1.0, PostgreSQL 18 embedded
-- After: nothing
-- Down: exact
-- Transaction: both
-- Checksum: 25ec915384c33edbbf19a51cb5fd60f2bdc14ca71dbd3642de399ec2a67b17d3

-- Up Migration

CREATE TABLE public.orders (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  user_id bigint NOT NULL,
  total numeric(10,2) NOT NULL,
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric))
);

CREATE TABLE public.users (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  email text NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email)
);

ALTER TABLE public.orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

CREATE INDEX orders_user_id_idx ON public.orders USING btree (user_id);

-- Down Migration

DROP TABLE public.orders;

DROP TABLE public.users;
