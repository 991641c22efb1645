create type span as range (subtype = bigint);
create table spans (id int primary key, span span, spans span_multirange, default_span span default 'empty');
create view starts as select lower(span) from spans;
