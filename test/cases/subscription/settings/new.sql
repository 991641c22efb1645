create subscription kept connection 'host=localhost dbname=''c''' publication "R", q with (connect = false, enabled = false, slot_name = 'b_slot', binary = true, streaming = true, synchronous_commit = 'local', disable_on_error = true);
create subscription "Fresh" connection 'host=localhost dbname=d' publication p with (connect = false, slot_name = none, two_phase = true);
