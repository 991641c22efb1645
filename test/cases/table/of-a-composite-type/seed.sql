insert into homes values ('Bonn', '53111');
