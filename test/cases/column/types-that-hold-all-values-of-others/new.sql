create table cards (
  active numeric, flags numeric[], card macaddr8, cards macaddr8[], span int4multirange, days datemultirange, wide nummultirange,
  spans int4multirange[], narrow int8range, mask bit varying(8), ends inet, small numeric(8,3), seen timestamp
);
