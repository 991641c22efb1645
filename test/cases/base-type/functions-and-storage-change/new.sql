create type word;
create function word_in(cstring) returns word language internal immutable strict as 'textin';
create function word_out(word) returns cstring language internal immutable strict as 'textout';
create function word_send(word) returns bytea language internal immutable strict as 'textsend';
create function word_recv(internal) returns word language internal immutable strict as 'textrecv';
create type word (input = word_in, output = word_out, send = word_send, receive = word_recv, storage = external, like = text);
create table words (word word);
