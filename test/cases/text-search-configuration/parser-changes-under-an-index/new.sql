create text search parser p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search configuration "C" (parser = p);
alter text search configuration "C" add mapping for word with simple;
create table texts (text text, vector tsvector generated always as (to_tsvector('"C"', text)) stored);
create index on texts using gin (to_tsvector('"C"', text));
comment on text search configuration "C" is 'words';
