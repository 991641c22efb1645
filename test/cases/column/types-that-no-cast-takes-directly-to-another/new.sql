create table prices (
  id integer, amount integer, fee double precision, part money, active smallint, flags bigint[], seen interval,
  span int4multirange, spans datemultirange, card macaddr, tab bigint
);
