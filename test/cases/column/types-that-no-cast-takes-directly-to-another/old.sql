create table prices (
  id integer, amount money, fee money, part real, active boolean, flags boolean[], seen time with time zone,
  span int4range, spans daterange, card macaddr8, tab regclass
);
