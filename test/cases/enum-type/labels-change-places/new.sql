create type "Größe" as enum ('groß', 'klein');
create table kleider (größe "Größe", unique (größe));
