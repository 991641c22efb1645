create table p (a int, b int) partition by list (a);
