create sequence numbers minvalue 1000 start 1000 maxvalue 5000 cycle;
