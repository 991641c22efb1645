create table a (id int); alter table a enable row level security; create table b (id int);
