create domain key as text default 'b' || 'c';
create domain other as int default 3;
