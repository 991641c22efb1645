CREATE TYPE status AS ENUM ('open', 'paid');

CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  total numeric(10,2) NOT NULL,
  status status NOT NULL DEFAULT 'open',
  placed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN orders.total IS 'In euros.';
