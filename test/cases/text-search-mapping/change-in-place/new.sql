create text search dictionary d (template = simple);
create text search dictionary e (template = simple);
create text search configuration c (copy = english);
alter text search configuration c alter mapping for word, asciiword with d, e, english_stem;
alter text search configuration c drop mapping for email, url;
create table texts (text text);
create index on texts using gin (to_tsvector('c', text));
