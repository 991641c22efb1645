insert into people values ('Müller', 'x', row('y'));
