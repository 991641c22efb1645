insert into filled values (1), (2);
