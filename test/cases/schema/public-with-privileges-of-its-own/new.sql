DROP SCHEMA public;
CREATE ROLE reader_of_public;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO reader_of_public;
