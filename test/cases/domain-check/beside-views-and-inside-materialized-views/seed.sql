insert into bills values (1, 2);
refresh materialized view sums;
refresh materialized view listed;
