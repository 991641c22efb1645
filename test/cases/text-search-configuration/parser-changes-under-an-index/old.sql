create text search configuration "C" (parser = default);
alter text search configuration "C" add mapping for word with simple;
create table texts (text text, vector tsvector generated always as (to_tsvector('"C"', text)) stored);
create index on texts using gin (to_tsvector('"C"', text));
comment on text search configuration "C" is 'words';
