create table log (at date not null, level int not null, text text, primary key (at, level)) partition by range (at);
create table log_2024 partition of log for values from ('2024-01-01') to ('2025-01-01') partition by list (level);
create table log_2024_low partition of log_2024 for values in (1, 2);
create table log_rest partition of log default;
create index log_text on log (text);
alter table log_rest alter column text set default 'none';
alter table log add column source text default 'app' not null;
alter table log_2024_low alter column source drop default;
