CREATE ROLE reader;
CREATE ROLE "Odd one";
CREATE TABLE t (id integer, a integer, b text);
CREATE POLICY p ON t FOR UPDATE TO reader USING (a > 0);
CREATE POLICY q ON t USING (a > 0) WITH CHECK (a > 1);
COMMENT ON POLICY q ON t IS 'kept';
