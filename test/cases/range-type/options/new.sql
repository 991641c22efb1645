create function numeric_gap(numeric, numeric) returns float8 language sql immutable as $$ select ($1 - $2)::float8 $$;
create type plain as range (subtype = float8);
create type worded as range (subtype = text, collation = "C", subtype_opclass = text_pattern_ops, multirange_type_name = words);
create type "Gap" as range (subtype = numeric, subtype_diff = numeric_gap);
create table spans (id int primary key, plain plain, words words, exclude using gist (plain with &&));
