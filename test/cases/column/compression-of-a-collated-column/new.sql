create table notes (id int, body text compression pglz collate "C");
create table more (id int, body text compression pglz collate "C" default 'x');
