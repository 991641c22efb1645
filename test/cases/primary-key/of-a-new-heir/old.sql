create table base (id integer primary key, note text not null);
