create type span as range (subtype = int, multirange_type_name = "many Spans");
create table t (s "many Spans");
