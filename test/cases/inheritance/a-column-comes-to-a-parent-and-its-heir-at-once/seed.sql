insert into c values (2, 'kept');insert into cc values (3, 'kept');
