create table cards (
  active boolean, flags boolean[], card macaddr, cards macaddr[], span int4range, days daterange, wide numrange,
  spans int4range[], narrow int4range, mask bit(4), ends cidr, small numeric(6,2), seen timestamp(3)
);
