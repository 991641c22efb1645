create table r (id int generated always as identity, a int not null, b int, primary key (id, a, b)) partition by list (a);
