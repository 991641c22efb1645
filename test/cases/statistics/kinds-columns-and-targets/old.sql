create schema extra;
create table t (a int, b int, c text, d text);
create statistics extra.kinds (ndistinct, mcv) on b, a from t;
create statistics every on a, b from t;
create statistics of_one on (lower(c)) from t;
create statistics sampled on a, (b + 1), (lower(c)) from t;
alter statistics sampled set statistics 50;
comment on statistics every is 'All kinds';
