create text search dictionary d (template = simple);
create text search configuration c (copy = english);
create table texts (text text);
create index on texts using gin (to_tsvector('c', text));
