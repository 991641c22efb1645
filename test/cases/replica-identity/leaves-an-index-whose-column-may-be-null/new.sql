create table seats (id integer primary key, code text, room text);
create unique index seats_code on seats (code, room);
create table halls (id integer, code text not null);
create unique index halls_id on halls (id);
create unique index halls_code on halls (code);
alter table halls replica identity using index halls_code;
