create text search template plain (init = dsynonym_init, lexize = dsynonym_lexize);
create text search dictionary words (template = simple);
create text search configuration c (copy = simple);
alter text search configuration c alter mapping replace simple with words;
create table texts (text text);
create index on texts using gin (to_tsvector('c', text));
create text search template bare (lexize = dsimple_lexize);
