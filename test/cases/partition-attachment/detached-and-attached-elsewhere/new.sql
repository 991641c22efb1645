create table parts (id int primary key);
create table sales (id int not null, region text not null, part int references parts, primary key (id, region),
  check (id > 0)) partition by list (region);
create index sales_part on sales (part);
create table sales_eu partition of sales for values in ('eu');
create table sales_us (id int not null, region text not null, part int, constraint sales_us_pkey primary key (id, region),
  constraint sales_id_check check (id > 0));
create index sales_us_part_idx on sales_us (part);
create table sales_asia partition of sales for values in ('asia', 'pacific');
