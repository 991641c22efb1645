CREATE FUNCTION w() RETURNS bigint LANGUAGE internal AS 'window_row_number';
