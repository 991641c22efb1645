insert into items values (1, null, '{"b": 2}', null);
