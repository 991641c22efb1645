-- The old database.
CREATE TABLE customers (id int PRIMARY KEY, full_name text NOT NULL, email text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, total numeric(10, 2) NOT NULL);
CREATE TABLE log (at timestamptz, text text);

INSERT INTO customers VALUES (1, 'Ann Ash', 'Ann@example.com'), (2, 'Bob Birch', 'Bob@example.com');
INSERT INTO orders VALUES (10, 1, 9.50), (11, 2, 20.00), (12, 2, 3.25);
