insert into lines values (1, row(row(1, '2'), null), array[row(3, '4')::spot], row(5, '6'));
