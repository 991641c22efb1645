insert into t values ('x', 'y'); insert into p values (1, 'x'); insert into also values (1);
