create table comes (id int primary key);
alter table comes cluster on comes_pkey;
create table moves (id int primary key, v text);
create index moves_v on moves (v);
alter table moves cluster on moves_pkey;
create table goes (id int primary key);
create table follows (v text);
create index follows_v on follows (v desc);
alter table follows cluster on follows_v;
