create table seats (id integer primary key, code text not null, room text not null);
create unique index seats_code on seats (code, room);
alter table seats replica identity using index seats_code;
create table halls (id integer not null, code text not null);
create unique index halls_id on halls (id);
create unique index halls_code on halls (code);
alter table halls replica identity using index halls_id;
