create extension file_fdw;
create foreign data wrapper plain options (debug 'false', "Odd Name" 'it''s');
create foreign data wrapper files handler file_fdw_handler validator file_fdw_validator;
comment on foreign data wrapper plain is 'Does nothing';
