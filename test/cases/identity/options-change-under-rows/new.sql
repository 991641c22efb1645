create table a (id int generated always as identity (sequence name numbers start 200 minvalue 100 increment 5 cycle), x int);
create table b (id smallint generated always as identity (start 4 minvalue 4 maxvalue 50), x int);
