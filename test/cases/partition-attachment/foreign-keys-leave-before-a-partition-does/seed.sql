insert into events values (1); insert into notes values (1); insert into more values (1); insert into stays values (1), (200); insert into points values (1);
