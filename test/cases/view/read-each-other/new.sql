CREATE TABLE t (id integer, a text COLLATE "C");
CREATE VIEW v AS SELECT id, a, 1::numeric(5,2) AS "N" FROM t;
CREATE VIEW w WITH (security_barrier) AS SELECT * FROM v;
CREATE OR REPLACE VIEW v WITH (security_barrier) AS SELECT id, a, "N" FROM w;
CREATE VIEW upon AS SELECT "N" FROM v;
COMMENT ON VIEW w IS 'w';
COMMENT ON COLUMN v.id IS 'v';
