create table notes (id int primary key, body text, words text generated always as (lower(body)) stored, size text generated always as ('7'::text) stored);
create index notes_words on notes (words);
