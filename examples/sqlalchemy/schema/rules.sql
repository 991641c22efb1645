CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_at := now();
  RETURN NEW;
END $$;

CREATE TRIGGER orders_changed BEFORE UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION note_change();

ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_orders ON orders
  USING (user_id = (SELECT id FROM users WHERE email = CURRENT_USER));
