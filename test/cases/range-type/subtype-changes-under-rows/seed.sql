insert into spans values (1, '[1,5)', '{[1,2),[4,5)}');
