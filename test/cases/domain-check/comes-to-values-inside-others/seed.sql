insert into bills values (1, '{1,2}', array['(a,3)'::entry], 4, '{5}');
insert into drafts values (6);
