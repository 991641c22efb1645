ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_orders ON orders
  USING (user_id = (SELECT id FROM users WHERE email = CURRENT_USER));

CREATE VIEW open_orders AS
  SELECT id, user_id, cents FROM orders WHERE status = 'open';
