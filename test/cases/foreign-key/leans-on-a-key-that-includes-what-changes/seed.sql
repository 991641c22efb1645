insert into t values (1, 1); insert into points values (1); insert into whole values (1, 1); insert into to_index values (1);
