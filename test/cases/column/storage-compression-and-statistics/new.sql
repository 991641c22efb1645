create table notes (id int, body text compression pglz, extra jsonb, title text);
alter table notes alter title set statistics 400;
alter table notes alter title set (n_distinct = -0.5);
alter table notes alter body set storage external;
alter table notes alter extra set storage main;
