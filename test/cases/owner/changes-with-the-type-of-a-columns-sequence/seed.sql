insert into t default values; insert into whose default values;
