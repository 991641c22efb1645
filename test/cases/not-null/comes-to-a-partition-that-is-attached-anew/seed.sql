insert into events values (1, 1, 1); insert into moved values (1, 1); insert into heir values (1);
