create sequence a;
create sequence b as int start 5 increment 2 minvalue 5 maxvalue 100 cache 10 cycle;
create sequence c increment -1;
create unlogged sequence d;
create sequence e as smallint;
