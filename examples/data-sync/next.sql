-- The new database.
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES users, total numeric(10, 2) NOT NULL);
