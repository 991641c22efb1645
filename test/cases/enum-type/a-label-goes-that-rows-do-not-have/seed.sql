insert into events values (1, 'low', null, 'high', row('2020-01-01', 'high', '{low,high}')),
  (2, 'high', '{low,high}', null, null);
insert into level_names values ('low', 'fine');
