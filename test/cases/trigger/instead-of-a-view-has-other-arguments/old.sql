create table readings (id int primary key, level int);
create view shown as select id, level from readings;
create function take() returns trigger language plpgsql as 'begin return new; end';
create trigger taken instead of insert on shown for each row execute function take('slow');
