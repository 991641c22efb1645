create table notes (id int primary key, body text, words tsvector generated always as (to_tsvector('simple', body)) stored, size int generated always as (7) stored);
create index notes_words on notes (words);
