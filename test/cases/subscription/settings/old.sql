create subscription kept connection 'host=localhost dbname=a' publication p, q with (connect = false, enabled = false, slot_name = none);
create subscription dropped connection 'host=localhost dbname=b' publication "P" with (connect = false, slot_name = 'a_slot', binary = true);
comment on subscription kept is 'Kept';
