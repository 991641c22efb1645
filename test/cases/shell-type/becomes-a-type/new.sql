create type byte;
create function byte_in(cstring) returns byte language internal immutable strict as 'charin';
create function byte_out(byte) returns cstring language internal immutable strict as 'charout';
create function byte_send(byte) returns BYTEA language internal immutable strict as 'charsend';
create function byte_recv(internal) returns byte language internal immutable strict as 'charrecv';
create type byte (input = byte_in, output = byte_out, internallength = 1, passedbyvalue, alignment = char);
