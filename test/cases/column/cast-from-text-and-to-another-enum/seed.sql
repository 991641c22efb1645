insert into t values (1, 'glad', 'sad');
