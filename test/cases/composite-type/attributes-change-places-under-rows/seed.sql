insert into marks (id, at) values (1, row(1, 2)), (2, null), (3, row(null, null));
