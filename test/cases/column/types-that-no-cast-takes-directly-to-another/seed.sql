insert into prices values
  (1, '12.00', '3.50', 1.5, true, '{true,false}', '10:00:00+00', '[1,3)', '[2024-01-01,2024-02-01)',
   '08:00:2b:ff:fe:01:02:03', 'pg_class');
