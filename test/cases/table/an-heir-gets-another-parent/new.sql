CREATE SEQUENCE s;
CREATE TABLE o (id bigint DEFAULT nextval('s') + 1, a text CONSTRAINT p_a_check CHECK (a <> ''));
CREATE TABLE h (c integer) INHERITS (o);
