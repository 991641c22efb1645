insert into deals values (1, 'draft'), (2, 'open'), (3, 'closed');
insert into old_deals values (1, 'closed');
