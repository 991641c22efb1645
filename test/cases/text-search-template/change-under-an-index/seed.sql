insert into texts values ('the cats');
