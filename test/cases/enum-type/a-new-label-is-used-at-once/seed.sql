insert into events values ('low');
