create table notes (id int, body text, extra jsonb, title text);
