create sequence below start 5;
create sequence beyond;
create sequence inside;
create sequence falling increment -1;
create sequence elsewhere minvalue 1 maxvalue 10;
create sequence narrow;
