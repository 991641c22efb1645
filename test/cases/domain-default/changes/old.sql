create domain key as text default 'a';
create domain other as int;
