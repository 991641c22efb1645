insert into bills values (1, '{1,2}');
