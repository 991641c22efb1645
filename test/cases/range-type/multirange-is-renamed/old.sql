create type span as range (subtype = int, multirange_type_name = spans);
create table t (s spans);
