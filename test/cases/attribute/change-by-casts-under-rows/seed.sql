insert into log values (1, row(true, true, '{true,false}', '[1,3)', null, 'pg_class'));
