CREATE ROLE reader;
CREATE ROLE "Odd one";
CREATE TABLE t (id integer, a integer, b text);
CREATE POLICY p ON t FOR UPDATE TO "Odd one", reader USING (a > 1) WITH CHECK (b = CURRENT_USER);
CREATE POLICY q ON t USING (EXISTS (SELECT FROM t u WHERE u.a = t.id));
COMMENT ON POLICY q ON t IS 'kept';
