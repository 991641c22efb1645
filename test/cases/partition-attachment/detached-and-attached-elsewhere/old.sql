create table parts (id int primary key);
create table sales (id int not null, region text not null, part int references parts, primary key (id, region),
  check (id > 0)) partition by list (region);
create index sales_part on sales (part);
create table sales_eu partition of sales for values in ('eu');
create table sales_us partition of sales for values in ('us');
