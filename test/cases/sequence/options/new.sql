create sequence a as int increment 3 start 7 cache 5 cycle;
create sequence b;
create sequence c increment -2 minvalue -100 maxvalue -2 start -10;
create sequence d;
create sequence e;
create unlogged sequence "F f" as smallint increment by -1;
