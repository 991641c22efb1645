CREATE TYPE status AS ENUM ('open', 'paid');

CREATE TABLE users (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	email VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);

CREATE TABLE orders (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	status status DEFAULT 'open' NOT NULL, 
	cents INTEGER NOT NULL, 
	changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_orders_user_id ON orders (user_id);

