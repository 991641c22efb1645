create table rooms (id integer constraint every_room_has_an_id not null, name text constraint named not null);
comment on constraint named on rooms is 'stays';
