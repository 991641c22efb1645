create text search template plain (init = dsimple_init, lexize = dsimple_lexize);
create text search dictionary words (template = plain, stopwords = 'english');
create text search configuration c (copy = simple);
alter text search configuration c alter mapping replace simple with words;
create table texts (text text);
create index on texts using gin (to_tsvector('c', text));
