insert into c values (2, 20, 'x');insert into cc values (3, 30, 'y');
