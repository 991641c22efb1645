create table comes (id int primary key);
create table moves (id int primary key, v text);
create index moves_v on moves (v);
alter table moves cluster on moves_v;
create table goes (id int primary key);
alter table goes cluster on goes_pkey;
create table follows (v text);
create index follows_v on follows (v);
alter table follows cluster on follows_v;
