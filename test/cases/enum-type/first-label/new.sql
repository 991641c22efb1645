create type nothing as enum ('something');
