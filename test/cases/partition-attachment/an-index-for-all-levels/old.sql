create table log (at date not null, level int not null, text text) partition by range (at);
create table log_2024 partition of log for values from ('2024-01-01') to ('2025-01-01') partition by list (level);
create table log_2024_low partition of log_2024 for values in (1, 2);
create table log_rest partition of log default;
