CREATE SEQUENCE s;
CREATE TABLE p (id bigint DEFAULT nextval('s'), a text CHECK (a <> ''));
CREATE TABLE h (c integer) INHERITS (p);
