insert into t values (1); insert into shaped values (1, 'x'); insert into formed values (1, 'x'); insert into p values (1, 2, 'x');
