create type place as (city text, zip text, street text);
create table homes of place (zip not null, city default 'Rome');
create table offices of place;
