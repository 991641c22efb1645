insert into texts (text) values ('the cats');
