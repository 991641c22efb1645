create sequence below minvalue 1000 start 2000;
create sequence beyond maxvalue 10;
create sequence inside minvalue 5 maxvalue 10;
create sequence falling increment -1 minvalue -5;
create sequence elsewhere minvalue 11 maxvalue 20;
create sequence narrow as smallint;
