CREATE TABLE p (k integer, v integer) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX p_v ON p (v);
CREATE UNIQUE INDEX p_kv ON p (k, v);
CREATE INDEX p1_local ON p1 (v);
CREATE UNIQUE INDEX p1_unique ON p1 (k, v);
CREATE INDEX p1_other ON p1 (k, v);
COMMENT ON INDEX p1_other IS 'other';
