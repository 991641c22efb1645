insert into kleider values ('klein'), ('groß');
