create domain key as text;
