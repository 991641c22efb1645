create sequence counter;
create sequence numbers as smallint;
