CREATE TABLE t (id integer, a integer, b text);
CREATE POLICY p ON t FOR SELECT USING (true);
CREATE POLICY q ON t FOR INSERT WITH CHECK (true);
