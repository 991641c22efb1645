create domain amount as int;
create domain part as amount[];
create type entry as (item text, amount amount);
create table bills (id int primary key, amounts amount[], lines entry[], total amount, parts part);
create table drafts (total amount);
create view totals as select id, total from bills;
