insert into spans values ('[1,5)');
