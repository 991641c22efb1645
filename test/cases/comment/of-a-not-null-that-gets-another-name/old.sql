create table rooms (id integer constraint rooms_have_ids not null, name text constraint rooms_have_names not null);
comment on constraint rooms_have_ids on rooms is 'goes';
comment on constraint rooms_have_names on rooms is 'stays';
