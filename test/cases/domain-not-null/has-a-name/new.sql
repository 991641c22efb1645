create domain a as int constraint a_is_there not null;
create domain b as int not null;
