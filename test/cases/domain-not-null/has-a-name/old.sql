create domain a as int constraint a_is_known not null;
create domain b as int constraint b_is_known not null;
