insert into t (comes, calls) values ('2026-01-01', 'before'), (null, null);
