create type place as (city text, zip text);
create table homes of place (zip not null);
