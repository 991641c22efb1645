create table events (id int not null, at date not null);
