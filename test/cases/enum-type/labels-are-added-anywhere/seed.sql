insert into events values ('low'), ('high');
