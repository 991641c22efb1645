insert into x values (1, 'kept');insert into y values (1, 'lost');
